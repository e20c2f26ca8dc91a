import net from "node:net";

export interface ServerProxy {
  port: number;
  /** Sees every chunk on its way; returns what is passed on, or undefined to keep it back. */
  onRequest: (chunk: Buffer, client: net.Socket) => Buffer | undefined;
  onAnswer: (chunk: Buffer, client: net.Socket) => Buffer | undefined;
  /** Ends all connections: "close" as a server that shuts down, "reset" as a network that breaks. */
  cut(how: "close" | "reset"): void;
  /** From now on nothing passes, not even the end of a connection, and nobody is told: a half-open network. */
  partition(): void;
  /** Lets new connections pass; those of before find out that they are dead. */
  heal(): void;
  close(): Promise<void>;
}

interface Link {
  client: net.Socket;
  server: net.Socket;
}

/** A loopback TCP way to a server's Unix socket, on which tests break connections at a chosen moment. */
export async function startProxy(socketFolder: string, port = 0): Promise<ServerProxy> {
  const links = new Set<Link>();
  let dark = false;
  const listener = net.createServer((client) => {
    const server = net.connect(`${socketFolder}/.s.PGSQL.5432`);
    const link = { client, server };
    links.add(link);
    forward(client, server, (chunk) => (dark ? undefined : proxy.onRequest(chunk, client)));
    forward(server, client, (chunk) => (dark ? undefined : proxy.onAnswer(chunk, client)));
  });
  const forward = (from: net.Socket, to: net.Socket, look: (chunk: Buffer) => Buffer | undefined) => {
    from.on("data", (chunk) => {
      const passed = look(chunk);
      if (passed && to.writable) to.write(passed);
    });
    from.on("error", () => {});
    from.on("close", () => {
      if (!dark) to.destroy();
      for (const link of links) if (link.client.destroyed && link.server.destroyed) links.delete(link);
    });
  };
  await new Promise<void>((resolve) => listener.listen(port, "127.0.0.1", resolve));
  const proxy: ServerProxy = {
    port: (listener.address() as net.AddressInfo).port,
    onRequest: (chunk) => chunk,
    onAnswer: (chunk) => chunk,
    cut(how) {
      for (const { client } of links) how === "reset" ? client.resetAndDestroy() : client.destroy();
    },
    partition() {
      dark = true;
    },
    heal() {
      dark = false;
      for (const { client, server } of links) {
        client.resetAndDestroy();
        server.destroy();
      }
    },
    async close() {
      proxy.heal();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  return proxy;
}
