import { Extensions } from "type-graphql";
import type { consentPurpose } from "#schema/consent.js";
import { ApiError } from "../errors.js";
import type { Caller } from "./caller.js";

/** Purposes that need the customer's consent. Serving the customer is what the contract is about: it needs none. */
export const askedPurposes = ["MARKETING", "ANALYTICS"] as const satisfies readonly Purpose[];
export type Purpose = (typeof consentPurpose.enumValues)[number];
export type AskedPurpose = (typeof askedPurposes)[number];

/** What a read is for, where that needs consent: customers who did not give it are not there. */
export interface ReadPurpose {
  readonly purpose: AskedPurpose;
  /** The channel on which the customer is to be addressed; null: the caller does not say. */
  readonly channel: string | null;
}

/** Names the purpose of a request; on a socket it stands in `connection_init`. */
export const purposeHeader = "x-purpose";

const form = /^(service|marketing|analytics)(?:\s*;\s*channel\s*=\s*([a-z0-9][a-z0-9_-]{0,63}))?$/i;

/** Reads the header: undefined where there is none, null for `service`. Throws BAD_PURPOSE. */
export function purposeNamed(given: unknown): ReadPurpose | null | undefined {
  if (given === undefined || given === null) return undefined;
  const [, word, channel = null] = (typeof given === "string" && form.exec(given.trim())) || [];
  const purpose = askedPurposes.find((one) => one === word?.toUpperCase());
  if (purpose) return { purpose, channel: channel?.toLowerCase() ?? null };
  if (word && !channel) return null;
  throw new ApiError(
    "BAD_PURPOSE",
    `${purposeHeader} is service, marketing or analytics; the latter two may name a channel: marketing; channel=email.`,
    { http: { status: 400 } },
  );
}

/**
 * The caller as it reads for a purpose. A key of one purpose reads for that even where nothing is said. Throws FORBIDDEN
 * where it asks for another.
 */
export function forPurpose(caller: Caller, asked: ReadPurpose | null | undefined): Caller {
  const { onlyFor = null } = caller;
  if (onlyFor === null) return asked ? { ...caller, purpose: asked } : caller;
  if (asked == null && onlyFor === "SERVICE") return caller;
  if (asked === undefined && onlyFor !== "SERVICE")
    return { ...caller, purpose: { purpose: onlyFor, channel: null } };
  if (asked?.purpose === onlyFor) return { ...caller, purpose: asked };
  throw new ApiError("FORBIDDEN", `This key reads for ${onlyFor.toLowerCase()} only.`, {
    http: { status: 403 },
  });
}

/** A purpose as the header names it. */
export function purposeText({ purpose, channel }: ReadPurpose): string {
  return purpose.toLowerCase() + (channel === null ? "" : `; channel=${channel}`);
}

/** How a root field answers under a purpose. One that does not declare it is refused there. */
export type UnderPurpose = "consenting" | "open";

/** Under a purpose this root field answers of customers who consented, as if there were no others. */
export function OfConsenting() {
  return Extensions({ underPurpose: "consenting" satisfies UnderPurpose });
}

/** This root field says nothing of any customer: it answers under every purpose. */
export function OfNoCustomer() {
  return Extensions({ underPurpose: "open" satisfies UnderPurpose });
}
