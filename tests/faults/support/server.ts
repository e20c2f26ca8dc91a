import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

export const adminKey = "faults-admin-key-0123456789";

const figureMs = 10_000;

/** A server as it is shipped: `dist/src/main.js` in a process of its own, on a port that stays the same over restarts. */
export class Server {
  /** GraphQL over HTTP; known after the first start. */
  url = "";
  /** Everything that its processes have printed. */
  output = "";
  /** The largest resident memory seen of any of its processes. */
  peakMb = 0;
  /** Resident memory over time. */
  readonly memory: { at: number; mb: number }[] = [];
  /** Ends nobody asked for. */
  readonly crashes: string[] = [];
  #child: ChildProcess | undefined;
  #exited: Promise<number | NodeJS.Signals | null> = Promise.resolve(null);
  #port = 0;

  constructor(
    readonly name: string,
    private readonly databaseUrl: string,
    private readonly settings: Record<string, string> = {},
  ) {}

  get pid(): number {
    if (!this.#child?.pid) throw new Error(`${this.name} does not run`);
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Resolves when it serves. `packageFolder` names another version of the program. */
  async start(packageFolder = "."): Promise<void> {
    const { PATH, HOME, TEST_BUILD_ERROR } = process.env;
    if (TEST_BUILD_ERROR) throw new Error(TEST_BUILD_ERROR);
    const child = spawn(process.execPath, [path.resolve(packageFolder, "dist/src/main.js")], {
      env: {
        PATH,
        HOME,
        DATABASE_URL: this.databaseUrl,
        ADMIN_API_KEY: adminKey,
        PORT: String(this.#port),
        LOG_LEVEL: "warn",
        ...this.settings,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const from = this.output.length;
    let found = (_url: string) => {};
    const serving = new Promise<string>((resolve) => {
      found = resolve;
    });
    const onData = (chunk: Buffer) => {
      this.output += chunk;
      const url = /GraphQL +(http:\S+\/graphql)/.exec(this.output.slice(from))?.[1];
      if (url) found(url);
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
    this.#exited = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        if (this.#child === child) {
          this.#child = undefined;
          this.crashes.push(`${this.name} ended by itself (${signal ?? code})`);
        }
        resolve(signal ?? code);
      });
    });
    const url = await Promise.race([serving, this.#exited]);
    if (typeof url !== "string" || !url.startsWith("http"))
      throw new Error(`${this.name} did not start:\n${this.output.slice(from)}`);
    this.url = url;
    this.#port = Number(new URL(url).port);
  }

  /** SIGKILL when it has to be sudden, SIGTERM when it should take its leave. Resolves with how it ended. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | NodeJS.Signals | null> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill(signal);
    return this.#exited;
  }

  async get(page: string, deadlineMs: number): Promise<{ status: number; ms: number }> {
    const startedAt = performance.now();
    const status = await fetch(new URL(page, this.url), { signal: AbortSignal.timeout(deadlineMs) }).then(
      (response) => response.status,
      () => 0,
    );
    return { status, ms: performance.now() - startedAt };
  }

  /** A figure of `/metrics` without its prefix, like `feed_lag_seconds`; 0 for one that is not told. */
  async figure(name: string): Promise<number> {
    const response = await fetch(new URL("/metrics", this.url), {
      headers: { authorization: `Bearer ${adminKey}` },
      signal: AbortSignal.timeout(figureMs),
    });
    const line = (await response.text()).split("\n").find((each) => each.startsWith(`customer360_${name} `));
    return Number(line?.slice(line.lastIndexOf(" ")) ?? 0);
  }

  /** The most memory that it took between two moments. */
  peakMbWithin(from: number, to: number): number {
    return Math.max(...this.memory.filter(({ at }) => at >= from && at <= to).map(({ mb }) => mb));
  }

  lookAtMemory(): void {
    if (!this.#child?.pid) return;
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
      const mb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
      this.memory.push({ at: Date.now(), mb });
      this.peakMb = Math.max(this.peakMb, mb);
    } catch {
      // Just gone, or a system without /proc.
    }
  }
}
