import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";

/** Documents that are trusted, by their ids: what the developers of a client have written. */
export type TrustedDocuments = ReadonlyMap<string, string>;

/** What the manifest says is not usable; thrown at start. */
export class ManifestError extends Error {}

const apolloManifest = z.object({
  format: z.literal("apollo-persisted-query-manifest"),
  operations: z.array(z.object({ id: z.string(), body: z.string() })),
});
/** Of codegen and Relay: id to text. */
const plainManifest = z.record(z.string(), z.string());
const sha256 = /^[0-9a-f]{64}$/;

/** Reads a manifest of Apollo, Relay or codegen. An id that is a SHA-256 has to be its text's. Throws ManifestError. */
export function readManifest(path: string): TrustedDocuments {
  const documents = new Map(entriesOf(jsonOf(path), path).map(([id, text]) => [bareId(id), text]));
  for (const [id, text] of documents) {
    if (sha256.test(id) && id !== sha256Of(text))
      throw new ManifestError(`${path}: the document ${id} has another SHA-256.`);
  }
  return documents;
}

/** The id without what GraphQL over HTTP lets clients put before it. */
export function bareId(id: string): string {
  return id.replace(/^sha256:/, "");
}

export function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ManifestError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function entriesOf(given: unknown, path: string): [string, string][] {
  const apollo = apolloManifest.safeParse(given);
  if (apollo.success) return apollo.data.operations.map(({ id, body }) => [id, body]);
  const plain = plainManifest.safeParse(given);
  if (plain.success) return Object.entries(plain.data);
  throw new ManifestError(`${path} is no manifest of documents: it has to say the text of each id.`);
}
