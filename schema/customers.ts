import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  char,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  unique,
} from "drizzle-orm/pg-core";
import { idColumn, instant } from "./columns.js";

export const customerStage = pgEnum("customer_stage", ["LEAD", "OPPORTUNITY", "CUSTOMER", "LAPSED", "LOST"]);
export const identityKind = pgEnum("identity_kind", [
  "EMAIL",
  "PHONE",
  "LOYALTY_CARD",
  "DEVICE",
  "SOCIAL_HANDLE",
  "EXTERNAL_ID",
]);

/** The systems that send facts about customers. Small, so a reference table with a natural key. */
export const sources = pgTable("sources", {
  code: text("code").primaryKey(),
  name: text("name").notNull(),
  /** Lower wins when two sources disagree about a displayed field. */
  priority: integer("priority").notNull().default(100),
  createdAt: instant("created_at").notNull().default(sql`now()`),
});

/** One person. The displayed fields are the survivors of all profiles, chosen by `profile.rules.ts`. */
export const customers = pgTable(
  "customers",
  {
    id: idColumn("customer", "id").primaryKey(),
    /** Number of the customer's last event; bumped under the row lock, so it is contiguous. */
    seq: bigint("seq", { mode: "number" }).notNull().default(0),
    /** True until an identity that names a person is known: guests and unknown visitors. */
    anonymous: boolean("anonymous").notNull().default(false),
    /** The survivor of a merge; no foreign key, checked under the row locks of both. */
    mergedInto: idColumn("customer", "merged_into"),
    displayName: text("display_name"),
    givenName: text("given_name"),
    familyName: text("family_name"),
    email: text("email"),
    phone: text("phone"),
    locale: text("locale"),
    timeZone: text("time_zone"),
    country: char("country", { length: 2 }),
    stage: customerStage("stage").notNull().default("LEAD"),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
    /** Set when everything personal went; what is left of the row carries the end of its event stream. */
    erasedAt: instant("erased_at"),
  },
  (t) => [
    index("customers_merged_into_idx").on(t.mergedInto).where(sql`merged_into is not null`),
    index("customers_created_at_idx").on(t.createdAt, t.id),
    index("customers_display_name_idx").on(t.displayName, t.id),
  ],
);

/** What one source knows about a person, under the name that source gives them. */
export const profiles = pgTable(
  "profiles",
  {
    id: idColumn("profile", "id").notNull(),
    customerId: idColumn("customer", "customer_id")
      .notNull()
      .references(() => customers.id),
    source: text("source")
      .notNull()
      .references(() => sources.code),
    /** How the source names the person (its own id, or an identity); null for a guest. */
    sourceRef: text("source_ref"),
    displayName: text("display_name"),
    givenName: text("given_name"),
    familyName: text("family_name"),
    email: text("email"),
    phone: text("phone"),
    locale: text("locale"),
    timeZone: text("time_zone"),
    birthDate: date("birth_date", { mode: "string" }),
    addressLines: text("address_lines").array(),
    postalCode: text("postal_code"),
    city: text("city"),
    region: text("region"),
    country: char("country", { length: 2 }),
    stage: customerStage("stage"),
    traits: jsonb("traits").$type<Record<string, unknown>>(),
    /** When the source last changed what it knows; an older observation never overwrites a newer one. */
    observedAt: instant("observed_at").notNull(),
    createdAt: instant("created_at").notNull().default(sql`now()`),
    updatedAt: instant("updated_at").notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    unique("profiles_source_ref_key").on(t.customerId, t.source, t.sourceRef),
  ],
);

/** An address under which a person can be found, as one profile knows it. */
export const identities = pgTable(
  "identities",
  {
    id: idColumn("identity", "id").notNull(),
    customerId: idColumn("customer", "customer_id").notNull(),
    profileId: idColumn("profile", "profile_id").notNull(),
    kind: identityKind("kind").notNull(),
    /** The normalised spelling (`identity.rules.ts`). */
    value: text("value").notNull(),
    verified: boolean("verified").notNull().default(false),
    source: text("source").notNull(),
    firstSeenAt: instant("first_seen_at").notNull(),
    lastSeenAt: instant("last_seen_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.customerId] }),
    unique("identities_profile_value_key").on(t.customerId, t.profileId, t.kind, t.value),
    foreignKey({ columns: [t.customerId, t.profileId], foreignColumns: [profiles.customerId, profiles.id] }),
  ],
);

/** Who holds an identity: its key is the identity itself, so two customers can never hold the same one. */
export const identityClaims = pgTable(
  "identity_claims",
  {
    kind: identityKind("kind").notNull(),
    value: text("value").notNull(),
    customerId: idColumn("customer", "customer_id").notNull(),
  },
  (t) => [primaryKey({ columns: [t.value, t.kind] }), index("identity_claims_customer_idx").on(t.customerId)],
);

export type CustomerRow = typeof customers.$inferSelect;
export type ProfileRow = typeof profiles.$inferSelect;
export type IdentityRow = typeof identities.$inferSelect;
export type SourceRow = typeof sources.$inferSelect;
