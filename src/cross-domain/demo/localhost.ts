import net from "node:net";
import { pipeline } from "node:stream";

export interface Localhost {
  /** By which name browsers on this machine surely reach the server. */
  name: "localhost" | "127.0.0.1";
  close(): void;
}

/** Throws when the port is taken: better said at once than after the database has started. */
export async function requireFreePort(host: string, port: number): Promise<void> {
  try {
    const server = await listen(net.createServer(), host, port);
    await new Promise((resolve) => server.close(resolve));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EADDRINUSE"
      ? new Error(
          `Port ${port} is taken, perhaps by another demo: stop that one, or choose another: PORT=4001`,
        )
      : error;
  }
}

/**
 * `localhost` may mean 127.0.0.1, where the server listens, or ::1: passes on what comes to ::1. Where somebody else has
 * ::1, a browser would take its key there: then the name is 127.0.0.1.
 */
export async function answerOnLocalhost(port: number): Promise<Localhost> {
  const links = new Set<net.Socket>();
  const passOn = net.createServer((client) => {
    links.add(client);
    client.once("close", () => links.delete(client));
    pipeline(client, net.connect(port, "127.0.0.1"), client, () => client.destroy());
  });
  const close = () => {
    passOn.close();
    for (const link of links) link.destroy();
  };
  try {
    await listen(passOn, "::1", port);
    return { name: "localhost", close };
  } catch (error) {
    // Any other error: this machine has no ::1, so `localhost` cannot mean it.
    return {
      name: (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? "127.0.0.1" : "localhost",
      close() {},
    };
  }
}

function listen(server: net.Server, host: string, port: number): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
