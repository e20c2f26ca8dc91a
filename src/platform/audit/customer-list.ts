import { type SQL, sql } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";

/** Lists of customers as entries keep them: bare ids of 16 bytes, one after the other; on their way as hexadecimal text. */
export interface CustomerList {
  hex: string;
  /** Of each id the last bits, which are random: numbers, as texts. */
  buckets: readonly string[];
}

const bytesPerId = 16;
const hexPerId = 2 * bytesPerId;
/** An entry of a page of 50 is in 50 of 16,384: a look-up reads three pages in a thousand for nothing. */
const bucketBits = 14;
const bucketMask = 2 ** bucketBits - 1;
/** Made once: of more numbers than V8 remembers, making texts takes longer than all else that an entry costs. */
const bucketNames = Array.from({ length: 2 ** bucketBits }, (_, bucket) => String(bucket));

/** Each customer once. The texts hold any number of ids, with hyphens or without. */
export function customerList(texts: readonly string[]): CustomerList {
  const bare = texts.map((text) => (text.includes("-") ? text.replaceAll("-", "") : text));
  const hex = bare.length === 1 ? (bare[0] as string) : bare.join("");
  const bytes = Buffer.from(hex, "hex");
  const buckets = new Set<number>();
  for (let end = bytesPerId; end <= bytes.length; end += bytesPerId)
    buckets.add(bytes.readUInt16BE(end - 2) & bucketMask);
  // Where all are in buckets of their own, none is there twice.
  const areDistinct = buckets.size * bytesPerId === bytes.length;
  const names = Array.from(buckets, (bucket) => bucketNames[bucket] as string);
  return { hex: areDistinct ? hex : withoutRepeats(hex), buckets: names };
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
