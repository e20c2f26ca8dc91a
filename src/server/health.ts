import type { IncomingMessage, ServerResponse } from "node:http";

/** `/health/live`: the process answers. `/health/ready`: it can serve, that is, the database answers and it is not stopping. */
export function createHealth(ready: () => Promise<boolean>) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = (request.url ?? "").split("?")[0];
    if (path === "/health/live") answer(response, 200, "live");
    else if (path === "/health/ready") {
      ready().then(
        (ok) => answer(response, ok ? 200 : 503, ok ? "ready" : "not ready"),
        () => answer(response, 503, "not ready"),
      );
    } else return false;
    return true;
  };
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
  });
  response.end(JSON.stringify({ status: text }));
}
