import { z } from "zod";
import { identityKind } from "#schema/customers.js";
import type { Refusal } from "../../platform/errors.js";
import { type Id, parseId } from "../../platform/ids.js";
import { oneOf, optional, requiredText } from "../../platform/input.js";
import { type IdentityKind, normaliseIdentity } from "./identity.rules.js";

/** How an item names its customer. Nothing at all: a guest, or whoever the record it belongs to is about. */
export const customerReference = z
  .strictObject({
    id: optional(requiredText),
    sourceRef: optional(requiredText),
    identity: optional(z.strictObject({ kind: oneOf(identityKind.enumValues), value: z.string() })),
  })
  .nullish()
  .transform((reference) => reference ?? null);

export type CustomerReference = z.infer<typeof customerReference>;

export const notFound: Refusal = {
  code: "CUSTOMER_NOT_FOUND",
  field: "customer.id",
  message: "No customer has this id.",
};

export const personErased: Refusal = {
  code: "PERSON_ERASED",
  field: "customer",
  message: "This person asked to be forgotten: nothing is recorded about them.",
};

export interface ReferenceRequest {
  index: number;
  reference: CustomerReference;
  occurredAt: string;
  /** The records that the item makes or hangs on, as suppressions know them. */
  recordNames(): string[];
}

/** A reference in the form it is looked up by: an id, an identity, or nothing (a guest). */
export interface Name {
  customerId: Id<"customer"> | null;
  identity: Identity | null;
  /** Under which the source's profile is kept; null for a guest. */
  profileRef: string | null;
}

/** A reference and what it names. One object per item, not one per step: a batch has a thousand. */
export type Named = Omit<ReferenceRequest, "reference"> & Name & { key: string | null };

export function nameOf(
  source: string,
  phoneRegion: string | null,
  reference: CustomerReference,
): Name | { refusal: Refusal } {
  const given = [reference?.id, reference?.sourceRef, reference?.identity].filter((way) => way != null);
  if (given.length > 1) {
    const message = "Name a customer by id, by sourceRef or by identity, not by several.";
    return { refusal: { code: "AMBIGUOUS_REFERENCE", field: "customer", message } };
  }
  if (reference?.id) {
    const customerId = parseId("customer", reference.id);
    return customerId
      ? { customerId, identity: null, profileRef: customerId }
      : { refusal: { ...notFound, code: "BAD_ID", message: "This is no id of a customer." } };
  }
  const typed: IdentityInput | null = reference?.sourceRef
    ? { kind: "EXTERNAL_ID", value: `${source}:${reference.sourceRef}`, field: "customer.sourceRef" }
    : reference?.identity
      ? { ...reference.identity, field: "customer.identity.value" }
      : null;
  if (!typed) return { customerId: null, identity: null, profileRef: null };
  const normalised = normaliseIdentity(typed.kind, typed.value, phoneRegion ? { region: phoneRegion } : {});
  if (!normalised.ok) {
    return { refusal: { code: normalised.code, field: typed.field, message: normalised.message } };
  }
  const identity = { kind: typed.kind, value: normalised.value };
  return { customerId: null, identity, profileRef: profileRefOf(source, identity) };
}

type IdentityInput = Identity & { field: string };

interface Identity {
  kind: IdentityKind;
  value: string;
}

/** How a source's profile is named: by the source's own id of the person where it gave one, else by the identity. */
export function profileRefOf(source: string, { kind, value }: Identity): string {
  const own = kind === "EXTERNAL_ID" && value.startsWith(`${source}:`);
  return own ? value.slice(source.length + 1) : `${kind}:${value}`;
}
