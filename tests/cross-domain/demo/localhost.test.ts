import { createServer, type Server } from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { answerOnLocalhost, requireFreePort } from "../../../src/cross-domain/demo/localhost.js";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function ours(): Promise<number> {
  return listening(
    createServer((request, response) => response.end(`ours, asked as ${request.headers.host}`)),
    "127.0.0.1",
  );
}

async function listening(server: Server | net.Server, host: string, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

test("what comes to ::1 reaches the server on 127.0.0.1 under the name it was asked by", async () => {
  const port = await ours();
  const localhost = await answerOnLocalhost(port);
  closing.push(localhost.close);
  expect(localhost.name).toBe("localhost");
  for (const host of ["[::1]", "127.0.0.1", "localhost"])
    expect(await (await fetch(`http://${host}:${port}/`)).text()).toBe(`ours, asked as ${host}:${port}`);
});

test("where somebody else has ::1, the server is not called localhost", async () => {
  const port = await ours();
  await listening(net.createServer(), "::1", port);
  expect((await answerOnLocalhost(port)).name).toBe("127.0.0.1");
});

test("a taken port is told in one line that says what to do", async () => {
  const port = await ours();
  await expect(requireFreePort("127.0.0.1", port)).rejects.toThrow(
    `Port ${port} is taken, perhaps by another demo: stop that one, or choose another: PORT=4001`,
  );
  await requireFreePort("127.0.0.1", 0);
});
