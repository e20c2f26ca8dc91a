import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Opened } from "./opened.js";

/** How long requests under way may take to finish when the server closes; then their connections are cut. */
const drainMs = 10_000;
/** How often connections that have become idle are closed meanwhile. */
const sweepMs = 250;

/** Begins to listen and tells the address. Rejects when the port is not to be had. */
export async function listen(http: Server, port: number, host: string, opened: Opened): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host, resolve);
  });
  opened.add(() => drain(http));
  return urlOf(http.address() as AddressInfo);
}

/** Takes no more connections and waits for requests under way; the next answer on a connection is its last. */
async function drain(http: Server): Promise<void> {
  http.prependListener("request", (_, response) => {
    response.shouldKeepAlive = false;
  });
  const closed = new Promise((resolve) => http.close(resolve));
  // Those whose request was under way when this began are idle after it.
  const sweep = setInterval(() => http.closeIdleConnections(), sweepMs);
  const cut = setTimeout(() => http.closeAllConnections(), drainMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
