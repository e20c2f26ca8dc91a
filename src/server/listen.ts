import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Opened } from "./opened.js";

/** How long requests under way may take to finish when the server closes; then their connections are cut. */
const drainMs = 10_000;

/** Begins to listen and tells the address. Rejects when the port is not to be had. */
export async function listen(http: Server, port: number, host: string, opened: Opened): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host, resolve);
  });
  opened.add(() => drain(http));
  return urlOf(http.address() as AddressInfo);
}

/** Takes no more requests and waits for those under way. */
async function drain(http: Server): Promise<void> {
  const closed = new Promise((resolve) => http.close(resolve));
  http.closeIdleConnections();
  const cut = setTimeout(() => http.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(cut);
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
