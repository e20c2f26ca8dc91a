import net from "node:net";

export interface ServerProxy {
  port: number;
  /** Sees every chunk on its way; returns what is passed on, or undefined to keep it back. */
  onRequest: (chunk: Buffer) => Buffer | undefined;
  onAnswer: (chunk: Buffer) => Buffer | undefined;
  /** Ends all connections: "close" as a server that shuts down, "reset" as a network that breaks. */
  cut(how: "close" | "reset"): void;
  close(): Promise<void>;
}

/** A loopback TCP way to a server's Unix socket, on which tests break connections at a chosen moment. */
export async function startProxy(socketFolder: string, port = 0): Promise<ServerProxy> {
  const links = new Set<{ client: net.Socket; server: net.Socket }>();
  const listener = net.createServer((client) => {
    const server = net.connect(`${socketFolder}/.s.PGSQL.5432`);
    const link = { client, server };
    links.add(link);
    forward(client, server, (chunk) => proxy.onRequest(chunk));
    forward(server, client, (chunk) => proxy.onAnswer(chunk));
    client.once("close", () => links.delete(link));
  });
  await new Promise<void>((resolve) => listener.listen(port, "127.0.0.1", resolve));
  const proxy: ServerProxy = {
    port: (listener.address() as net.AddressInfo).port,
    onRequest: (chunk) => chunk,
    onAnswer: (chunk) => chunk,
    cut(how) {
      for (const { client } of links) how === "reset" ? client.resetAndDestroy() : client.destroy();
    },
    async close() {
      proxy.cut("close");
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  return proxy;
}

function forward(from: net.Socket, to: net.Socket, look: (chunk: Buffer) => Buffer | undefined): void {
  from.on("data", (chunk) => {
    const passed = look(chunk);
    if (passed && to.writable) to.write(passed);
  });
  from.on("error", () => {});
  from.on("close", () => to.destroy());
}
