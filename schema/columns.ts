import { customType } from "drizzle-orm/pg-core";

// Indexes that serve lists say `.desc().nullsFirst()`, which is what `order by … desc` means: Drizzle's plain `.desc()` is
// NULLS LAST, and PostgreSQL does not take the one for the other even where a column is never null.

/** One prefix per kind of thing: it names the type in every id a client sees. */
export const idPrefixes = {
  customer: "cus",
  profile: "prf",
  identity: "idn",
  interaction: "int",
  conversation: "cnv",
  purchase: "pur",
  purchaseReturn: "ret",
  loyaltyAccount: "loy",
  loyaltyEntry: "lge",
  ticket: "tkt",
  ticketEvent: "tev",
  feedback: "fbk",
  consent: "cns",
  event: "evt",
  apiKey: "key",
  importRun: "imp",
  webhook: "whk",
  webhookDelivery: "dlv",
  privacyRequest: "prq",
  auditEntry: "aud",
} as const;

export type IdKind = keyof typeof idPrefixes;
/** A typed id as clients and the program know it, for example `cus_0193…`; the database stores the bare UUIDv7. */
export type Id<K extends IdKind> = `${(typeof idPrefixes)[K]}_${string}`;

/** A uuid column that reads and writes typed ids. */
export function idColumn<K extends IdKind>(kind: K, name: string) {
  const prefix = `${idPrefixes[kind]}_`;
  return customType<{ data: Id<K>; driverData: string }>({
    dataType: () => "uuid",
    toDriver: (id) => id.slice(prefix.length),
    fromDriver: (uuid) => `${prefix}${uuid}` as Id<K>,
  })(name);
}

/** A point in time, microseconds kept: an RFC 3339 string in UTC, never a Date, which would cut to milliseconds. */
export const instant = customType<{ data: string; driverData: string }>({
  dataType: () => "timestamp(6) with time zone",
  fromDriver: (text) => instantFromDatabase(text),
});

/** "2026-11-21 09:30:00.5+00" (session time zone UTC) to "2026-11-21T09:30:00.5Z". */
export function instantFromDatabase(text: string): string {
  return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`;
}

/** An exact amount of money as a decimal string. Unconstrained, so that it keeps the digits it was written with. */
export const amount = customType<{ data: string; driverData: string }>({ dataType: () => "numeric" });

export const bytea = customType<{ data: Buffer; driverData: Buffer | string }>({
  dataType: () => "bytea",
  toDriver: (bytes) => `\\x${bytes.toString("hex")}`,
});
