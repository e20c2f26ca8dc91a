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
  v7({ msecs: lastMs, seq: sequence, random: randomBytes16() }, bytes);
  return textOf(kind);
}

/** Where an id is made: an import makes thousands a second, and garbage would be most of their cost. */
const bytes = new Uint8Array(16);
const hexDigits = Buffer.from("0123456789abcdef");
/** Where each byte's two digits stand in a uuid's text. */
const digitPlaces = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const blankTexts = Object.fromEntries(
  Object.entries(idPrefixes).map(([kind, prefix]) => [
    kind,
    { start: prefix.length + 1, text: Buffer.from(`${prefix}_00000000-0000-0000-0000-000000000000`) },
  ]),
) as Record<IdKind, { start: number; text: Buffer }>;

/** The id of these `bytes`. */
function textOf<K extends IdKind>(kind: K): Id<K> {
  const { start, text } = blankTexts[kind];
  for (let i = 0; i < 16; i++) {
    const at = start + (digitPlaces[i] as number);
    const byte = bytes[i] as number;
    text[at] = hexDigits[byte >> 4] as number;
    text[at + 1] = hexDigits[byte & 15] as number;
  }
  return text.toString("latin1") as Id<K>;
}

let lastMs = 0;
/** Counts the ids of one millisecond, so that they sort in the order they were made. */
let sequence = 0;
/** Randomness is drawn for 256 ids at once: one by one, that would be most of the cost of an id. */
const pool = new Uint8Array(256 * 16);
const parts = Array.from({ length: 256 }, (_, i) => pool.subarray(16 * i, 16 * i + 16));
let drawn = parts.length;

function randomBytes16(): Uint8Array {
  if (drawn === parts.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  return parts[drawn++] as Uint8Array;
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
