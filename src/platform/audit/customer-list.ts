import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";

/** Lists of customers as entries keep them: bare ids of 16 bytes, one after the other; on their way as hexadecimal text. */
export interface CustomerList {
  hex: string;
  /** Of each id the last bits, which are random: numbers with a comma between. */
  buckets: string;
}

const bytesPerId = 16;
const hexPerId = 2 * bytesPerId;
/** An entry of a page of 50 is in 50 of 16,384: a look-up reads three pages in a thousand for nothing. */
const bucketBits = 14;
const bucketMask = 2 ** bucketBits - 1;
/** Of the largest, and of all: leading zeros mean nothing. */
const bucketDigits = 5;
const comma = ",".charCodeAt(0);
const zero = "0".charCodeAt(0);

/** Each customer once. The texts hold any number of ids, with hyphens or without. */
export function customerList(texts: readonly string[]): CustomerList {
  const bare = texts.map((text) => (text.includes("-") ? text.replaceAll("-", "") : text));
  const hex = bare.length === 1 ? (bare[0] as string) : bare.join("");
  const bytes = Buffer.from(hex, "hex");
  const { count, text } = bucketsOf(bytes);
  // Where all are in buckets of their own, none is there twice.
  return { hex: count * bytesPerId === bytes.length ? hex : withoutRepeats(hex), buckets: text };
}

/** A bit for each bucket, all 0 between two lists. */
const seen = new Uint8Array(2 ** bucketBits / 8);

/** Written by hand: a set of numbers, and texts made of them one by one, cost more than all else of an entry. */
function bucketsOf(bytes: Buffer): { count: number; text: string } {
  const text = Buffer.allocUnsafe((bytes.length / bytesPerId) * (bucketDigits + 1));
  let length = 0;
  for (let end = bytesPerId; end <= bytes.length; end += bytesPerId) {
    const bucket = bytes.readUInt16BE(end - 2) & bucketMask;
    const bit = 1 << (bucket & 7);
    if ((seen[bucket >> 3] as number) & bit) continue;
    (seen[bucket >> 3] as number) |= bit;
    for (let rest = bucket, at = length + bucketDigits; at-- > length; rest = Math.trunc(rest / 10))
      text[at] = zero + (rest % 10);
    text[length + bucketDigits] = comma;
    length += bucketDigits + 1;
  }
  for (let end = bytesPerId; end <= bytes.length; end += bytesPerId)
    seen[(bytes.readUInt16BE(end - 2) & bucketMask) >> 3] = 0;
  return { count: length / (bucketDigits + 1), text: text.toString("latin1", 0, Math.max(length - 1, 0)) };
}

function withoutRepeats(hex: string): string {
  const ids = new Set<string>();
  for (let at = 0; at < hex.length; at += hexPerId) ids.add(hex.slice(at, at + hexPerId));
  return [...ids].join("");
}

/** The bare ids of a list, as texts. */
export function idsIn(list: Uint8Array): string[] {
  const hex = Buffer.from(list).toString("hex");
  const parts = /(.{8})(.{4})(.{4})(.{4})(.{12})/g;
  return [...hex.matchAll(parts)].map(([, ...groups]) => groups.join("-"));
}

/** The bucket of a row's customer. */
export function bucketIn(customerId: PgColumn): SQL {
  const byte = (at: number) => sql`get_byte(uuid_send(${customerId}), ${sql.raw(String(at))})`;
  return sql`(((${byte(14)} << 8) | ${byte(15)}) & ${sql.raw(String(bucketMask))})::smallint`;
}
