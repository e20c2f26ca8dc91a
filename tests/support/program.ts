import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";

const loader = ["--import", path.resolve("tests/support/typescript-loader.mjs")];

export interface Program {
  /** Resolves with the output up to the line that matches; rejects when the process ends before. */
  printed(pattern: RegExp): Promise<string>;
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** A program as a process of its own: one of `src/` on the sources, one of `dist/` as it was built. */
export function startProgram(
  file: string,
  env: Record<string, string>,
  args: readonly string[] = [],
): Program {
  const { PATH, HOME, TMPDIR } = process.env;
  const child: ChildProcess = spawn(
    process.execPath,
    [...(file.endsWith(".ts") ? loader : []), path.resolve(file), ...args],
    {
      env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  const watchers = new Set<() => void>();
  const onData = (chunk: Buffer) => {
    output += chunk;
    for (const look of watchers) look();
  };
  child.stdout?.on("data", onData);
  child.stderr?.on("data", onData);
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once("close", (code, signal) => resolve(code ?? signal)),
  );
  return {
    ended,
    output: () => output,
    kill: (signal) => void child.kill(signal),
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(output)) return;
          watchers.delete(look);
          resolve(output);
        };
        watchers.add(look);
        look();
        void ended.then((how) =>
          reject(new Error(`the program ended (${how}) before it printed ${pattern}:\n${output}`)),
        );
      }),
  };
}
