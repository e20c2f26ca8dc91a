import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";

/** Customers as entries keep them. */
export interface CustomerList {
  /** Bare ids of 16 bytes, one after the other. */
  ids: Buffer;
  /** Of each id the last bits, which are random. */
  buckets: number[];
}

const bytesPerId = 16;
/** An entry of a page of 50 is in 50 of 16,384: a look-up reads three pages in a thousand for nothing. */
const bucketBits = 14;
const bucketMask = 2 ** bucketBits - 1;

/** Each customer once. The texts are hexadecimal and hold any number of ids, with hyphens or without. */
export function customerList(texts: readonly string[]): CustomerList {
  const bare = texts.map((text) => (text.includes("-") ? text.replaceAll("-", "") : text));
  const ids = Buffer.from(bare.length === 1 ? (bare[0] as string) : bare.join(""), "hex");
  const buckets = bucketsOf(ids);
  // Where all are in buckets of their own, none is there twice.
  return { ids: buckets.length * bytesPerId === ids.length ? ids : withoutRepeats(ids), buckets };
}

/** A bit for each bucket, all 0 between two lists. */
const seen = new Uint8Array(2 ** bucketBits / 8);

/** Written by hand: a set of numbers cost more than all else of an entry. */
function bucketsOf(ids: Buffer): number[] {
  const buckets: number[] = [];
  for (let end = bytesPerId; end <= ids.length; end += bytesPerId) {
    const bucket = ids.readUInt16BE(end - 2) & bucketMask;
    const bit = 1 << (bucket & 7);
    if ((seen[bucket >> 3] as number) & bit) continue;
    (seen[bucket >> 3] as number) |= bit;
    buckets.push(bucket);
  }
  for (const bucket of buckets) seen[bucket >> 3] = 0;
  return buckets;
}

function withoutRepeats(ids: Buffer): Buffer {
  const own = new Map<string, Buffer>();
  for (let at = 0; at < ids.length; at += bytesPerId) {
    const id = ids.subarray(at, at + bytesPerId);
    own.set(id.toString("latin1"), id);
  }
  return Buffer.concat([...own.values()]);
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
