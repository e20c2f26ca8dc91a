import { isDeepStrictEqual } from "node:util";
import { IANAZone } from "luxon";
import { z } from "zod";
import { customerStage, identityKind, type ProfileRow } from "#schema/customers.js";
import type { Refusal } from "../../platform/errors.js";
import { type Id, newId } from "../../platform/ids.js";
import {
  attributes,
  check,
  code,
  instant,
  oneOf,
  optional,
  requiredText,
  shortText,
} from "../../platform/input.js";
import { compareInstants, nowInstant } from "../../platform/time.js";
import type { IdentityKey } from "./customer.queries.js";
import { normaliseIdentity } from "./identity.rules.js";

/** Addresses of one person at one source; more is a shared account, not a person. */
const maxIdentities = 50;
const maxAddressLines = 10;

const profileItem = z.strictObject({
  sourceRef: requiredText,
  displayName: optional(shortText),
  givenName: optional(shortText),
  familyName: optional(shortText),
  email: optional(shortText),
  phone: optional(shortText),
  locale: optional(z.string().refine(isLocale, code("INVALID_LOCALE", "must be a BCP 47 tag like fa-IR"))),
  timeZone: optional(
    z.string().refine(isTimeZone, code("INVALID_TIME_ZONE", "must be an IANA name like Asia/Tehran")),
  ),
  birthDate: optional(
    z.iso
      .date(code("INVALID_DATE", "must be a date like 1990-05-17"))
      .refine((day) => day >= "0001", code("INVALID_DATE", "must be a date like 1990-05-17")),
  ),
  addressLines: optional(
    z.array(shortText).max(maxAddressLines, code("TOO_LONG", `may have at most ${maxAddressLines} lines`)),
  ),
  postalCode: optional(shortText),
  city: optional(shortText),
  region: optional(shortText),
  country: optional(
    z.string().regex(/^[A-Z]{2}$/, code("INVALID_COUNTRY", "must be ISO 3166-1 alpha-2 like IR")),
  ),
  stage: optional(oneOf(customerStage.enumValues)),
  traits: optional(attributes),
  identities: optional(
    z
      .array(
        z.strictObject({
          kind: oneOf(identityKind.enumValues),
          value: z.string(),
          verified: optional(z.boolean()),
        }),
      )
      .max(maxIdentities, code("TOO_MANY", `may hold at most ${maxIdentities} identities`)),
  ),
  observedAt: optional(instant),
  knownSince: optional(instant),
});

export type ProfileItem = z.infer<typeof profileItem>;
export type Identity = IdentityKey & { verified: boolean };

/** An item of an upsert, checked, with its identities in their normal spelling. */
export interface ProfileDraft {
  index: number;
  item: ProfileItem & { observedAt: string };
  /** The source's own id first, then the others in the order they were given. */
  identities: readonly Identity[];
}

/** What an upsert may change of a profile. */
const fields = [
  "displayName",
  "givenName",
  "familyName",
  "email",
  "phone",
  "locale",
  "timeZone",
  "birthDate",
  "addressLines",
  "postalCode",
  "city",
  "region",
  "country",
  "stage",
  "traits",
] as const;

/** Checks one item; email and phone count as identities. */
export function profileDraft(
  source: string,
  phoneRegion: string | null,
  index: number,
  input: unknown,
): ProfileDraft | { refusal: Refusal } {
  const checked = check(profileItem, input);
  if ("refusal" in checked) return checked;
  const item = { ...checked.value, observedAt: checked.value.observedAt ?? nowInstant() };
  const typed = [
    {
      kind: "EXTERNAL_ID" as const,
      value: `${source}:${item.sourceRef}`,
      verified: true,
      field: "sourceRef",
    },
    ...(item.identities ?? []).map((identity, i) => ({ ...identity, field: `identities.${i}.value` })),
    ...(item.email ? [{ kind: "EMAIL" as const, value: item.email, verified: false, field: "email" }] : []),
    ...(item.phone ? [{ kind: "PHONE" as const, value: item.phone, verified: false, field: "phone" }] : []),
  ];
  const identities = new Map<string, Identity>();
  for (const { kind, value, verified, field } of typed) {
    const normalised = normaliseIdentity(kind, value, phoneRegion ? { region: phoneRegion } : {});
    if (!normalised.ok) return { refusal: { code: normalised.code, field, message: normalised.message } };
    if (field === "email") item.email = normalised.value;
    if (field === "phone") item.phone = normalised.value;
    const key = `${kind}:${normalised.value}`;
    if (!identities.has(key))
      identities.set(key, { kind, value: normalised.value, verified: verified ?? false });
  }
  return { index, item, identities: [...identities.values()] };
}

/** Whether an observation tells anything that is not known; an older one never does. */
export function tellsNews(row: ProfileRow, item: ProfileDraft["item"]): boolean {
  if (compareInstants(item.observedAt, row.observedAt) < 0) return false;
  return fields.some((field) => item[field] !== null && !isDeepStrictEqual(stored(item[field]), row[field]));
}

/** The profile with the observation laid over it: absent fields keep what is known, empty texts clear. */
export function laidOver(row: ProfileRow, item: ProfileDraft["item"]): ProfileRow {
  const told = fields.flatMap((field) =>
    item[field] === null ? [] : [[field, stored(item[field])] as const],
  );
  return { ...row, ...Object.fromEntries(told), observedAt: item.observedAt, updatedAt: nowInstant() };
}

export function blankProfile(customerId: Id<"customer">, source: string, sourceRef: string): ProfileRow {
  const now = nowInstant();
  const blank = Object.fromEntries(fields.map((field) => [field, null])) as Pick<
    ProfileRow,
    (typeof fields)[number]
  >;
  return {
    ...blank,
    id: newId("profile"),
    customerId,
    source,
    sourceRef,
    observedAt: now,
    createdAt: now,
    updatedAt: now,
  };
}

function stored(value: unknown): unknown {
  return value === "" || (Array.isArray(value) && value.length === 0) ? null : value;
}

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

function isTimeZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}
