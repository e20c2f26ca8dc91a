import type { ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";

export default async function stopTestServer(): Promise<void> {
  rmSync(process.env.TEST_CLUSTER_FOLDER as string, { recursive: true, force: true });
  const { testServer } = globalThis as { testServer?: ChildProcess };
  if (!testServer) return;
  const gone = new Promise((resolve) => testServer.once("exit", resolve));
  testServer.ref();
  testServer.send("stop");
  await gone;
}
