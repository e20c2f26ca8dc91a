import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type App, startApp } from "../app.js";
import { startEmbeddedPostgres } from "../platform/database/embedded.js";
import { createLogger } from "../platform/log.js";

export interface FreshApp {
  services: App["services"];
  /** A folder that goes with the app. */
  scratch: string;
  /** Asks over HTTP, as a client would; throws what the API refuses. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape follows from its document
  ask(document: string, variables?: object): Promise<any>;
}

/** Runs work against a server with an empty database of its own, and leaves nothing behind. */
export async function withFreshApp<T>(work: (app: FreshApp) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), "customer-360-"));
  const key = randomBytes(24).toString("hex");
  const postgres = await startEmbeddedPostgres({ dataFolder: path.join(folder, "data") });
  try {
    const app = await startApp({
      connection: postgres.connection,
      host: "127.0.0.1",
      port: 0,
      adminKey: key,
      phoneRegion: null,
      allowedOrigins: [],
      logger: createLogger("error"),
    });
    try {
      return await work({
        services: app.services,
        scratch: folder,
        ask: (document, variables) => ask(app.url, key, document, variables),
      });
    } finally {
      await app.stop();
    }
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function ask(url: string, key: string, query: string, variables: object = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: unknown; errors?: { message: string }[] };
  if (errors) throw new Error(errors.map((error) => error.message).join("; "));
  return data;
}
