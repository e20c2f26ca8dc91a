import type { ChildProcess } from "node:child_process";

export default async function stopTestServer(): Promise<void> {
  const { testServer } = globalThis as { testServer?: ChildProcess };
  if (!testServer) return;
  const gone = new Promise((resolve) => testServer.once("exit", resolve));
  testServer.ref();
  testServer.send("stop");
  await gone;
}
