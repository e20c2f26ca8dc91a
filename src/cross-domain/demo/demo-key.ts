import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface DemoKey {
  key: string;
  /** Where a key of our own is kept; null for the one of ADMIN_API_KEY. */
  file: string | null;
}

/** What a key must be for the server to take it: see ADMIN_API_KEY. */
const usable = /^[\x21-\x7e]{16,}$/;

/**
 * The key that opens the demonstration: the one of ADMIN_API_KEY, else one that is made once and kept where only this
 * account can read it. The latter is for this machine only: another HOST than a loopback one needs ADMIN_API_KEY.
 */
export function demoKey(config: { adminKey: string | null; host: string; dataFolder: string }): DemoKey {
  if (config.adminKey) return { key: config.adminKey, file: null };
  if (!isLoopback(config.host))
    throw new Error(
      `HOST ${config.host} can be reached from other machines: set ADMIN_API_KEY, the demo's own key is for this one.`,
    );
  const file = path.join(config.dataFolder, "demo-api-key");
  const key = readKey(file) ?? makeKey(file);
  if (!usable.test(key))
    throw new Error(`${file} holds no key: remove it, and the next start makes a new one.`);
  return { key, file };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function readKey(file: string): string | null {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Written aside and linked: the file appears whole, and of two that start at once one key wins. */
function makeKey(file: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `demo-${randomBytes(18).toString("base64url")}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readKey(file) ?? "";
}
