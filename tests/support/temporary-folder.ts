import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** For any account: as root, PostgreSQL runs under another one. */
export function makeEnterable(folder: string): void {
  chmodSync(folder, 0o755);
}

/** A folder that any account may enter. */
export function createTemporaryFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), "c360-test-"));
  makeEnterable(folder);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
