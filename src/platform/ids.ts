import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";
import { type Id, type IdKind, idPrefixes } from "#schema/columns.js";
import { ApiError } from "./errors.js";

export type { Id, IdKind };

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const kindByPrefix = new Map(
  Object.entries(idPrefixes).map(([kind, prefix]) => [prefix as string, kind as IdKind]),
);

/** A fresh id of this kind: a UUIDv7, so ids of one kind sort by the time they were made. */
export function newId<K extends IdKind>(kind: K): Id<K> {
  const now = Date.now();
  sequence = now > lastMs ? 0 : sequence + 1;
  lastMs = Math.max(now, lastMs);
  return toId(kind, v7({ msecs: lastMs, seq: sequence, random: randomBytes16() }));
}

let lastMs = 0;
/** Counts the ids of one millisecond, so that they sort in the order they were made. */
let sequence = 0;
/** Randomness is drawn for 256 ids at once: one by one, that would be most of the cost of an id. */
const pool = new Uint8Array(256 * 16);
let drawn = pool.length;

function randomBytes16(): Uint8Array {
  if (drawn === pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  drawn += 16;
  return pool.subarray(drawn - 16, drawn);
}

export function toId<K extends IdKind>(kind: K, uuid: string): Id<K> {
  return `${idPrefixes[kind]}_${uuid}` as Id<K>;
}

/** The bare uuid of a typed id, for raw SQL parameters. */
export function uuidOf(id: Id<IdKind>): string {
  return id.slice(id.indexOf("_") + 1);
}

/** The kind and the id, or null when the text is no id of ours. */
export function parseAnyId(text: string): { kind: IdKind; id: Id<IdKind> } | null {
  const cut = text.indexOf("_");
  const kind = kindByPrefix.get(text.slice(0, cut));
  return kind && uuidPattern.test(text.slice(cut + 1)) ? { kind, id: text as Id<IdKind> } : null;
}

/** The id when the text is an id of exactly this kind, else null. */
export function parseId<K extends IdKind>(kind: K, text: string): Id<K> | null {
  return parseAnyId(text)?.kind === kind ? (text as Id<K>) : null;
}

/** The same for an argument of an operation: throws BAD_ID. An id that is well formed but unknown is no error. */
export function requireId<K extends IdKind>(kind: K, text: string, argument = "id"): Id<K> {
  const id = parseId(kind, text);
  if (!id) {
    throw new ApiError("BAD_ID", `${argument} must be an id that starts with ${idPrefixes[kind]}_.`, {
      argument,
    });
  }
  return id;
}
