import type { TestApp } from "../support/app.js";
import type { CopAnswer, Transport } from "./cop-checks.js";

/** The three ways to ask, with a key or without one (null). */
export const transports: Record<string, (app: TestApp, key: string | null) => Transport> = {
  HTTP: (app, key) => async (query) => {
    const response = await post(app, key, query, {});
    return (await response.json()) as CopAnswer;
  },
  /** The answer is the last `next`; what is refused before the stream begins is plain JSON. */
  "server-sent events": (app, key) => async (query) => {
    const response = await post(app, key, query, { accept: "text/event-stream" });
    const text = await response.text();
    return JSON.parse(/^event: next\ndata: (.*)$/m.exec(text)?.[1] ?? text) as CopAnswer;
  },
  WebSocket: (app, key) => {
    const client = app.socket(key ?? "none");
    return (query) =>
      new Promise((resolve) => {
        let answer: CopAnswer = {};
        client.subscribe(
          { query },
          {
            next: (result) => {
              answer = result as CopAnswer;
            },
            complete: () => resolve(answer),
            error: (error) => resolve(Array.isArray(error) ? { errors: error } : {}),
          },
        );
      });
  },
};

function post(app: TestApp, key: string | null, query: string, headers: Record<string, string>) {
  return fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key && { "x-api-key": key }), ...headers },
    body: JSON.stringify({ query }),
  });
}
