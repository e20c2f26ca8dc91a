import { domainToASCII } from "node:url";
import { isSupportedCountry, type PhoneNumber, parsePhoneNumberFromString } from "libphonenumber-js/max";
import { ApiError } from "../../platform/errors.js";
import { asciiDigits } from "./name.rules.js";

export type IdentityKind = "EMAIL" | "PHONE" | "LOYALTY_CARD" | "DEVICE" | "SOCIAL_HANDLE" | "EXTERNAL_ID";

export type NormalisedIdentity =
  | { ok: true; value: string }
  | {
      ok: false;
      code: "INVALID_EMAIL" | "INVALID_PHONE" | "INVALID_IDENTITY" | "IDENTITY_TOO_LONG";
      message: string;
    };

/** The key of an identity that a client names. Throws BAD_USER_INPUT with the rule that the value breaks. */
export function identityKey(
  { kind, value }: { kind: IdentityKind; value: string },
  phoneRegion: string | null,
): { kind: IdentityKind; value: string } {
  const identity = normaliseIdentity(kind, value, phoneRegion ? { region: phoneRegion } : {});
  if (identity.ok) return { kind, value: identity.value };
  throw new ApiError("BAD_USER_INPUT", identity.message, { argument: "value", reason: identity.code });
}

/**
 * The one spelling under which an identity is stored and looked up. Total: any string gives a value or a refusal.
 * Idempotent: a stored value normalises to itself. Messages never repeat what was typed: it is personal data.
 */
export function normaliseIdentity(
  kind: IdentityKind,
  typed: string,
  options: { region?: string } = {},
): NormalisedIdentity {
  if (typed.length > TYPED_MAX_CHARACTERS) return tooLong(`at most ${TYPED_MAX_CHARACTERS} characters`);
  const text = typed.trim();
  const code = kind === "EMAIL" ? "INVALID_EMAIL" : kind === "PHONE" ? "INVALID_PHONE" : "INVALID_IDENTITY";
  if (text === "") return refused(code, "An identity must not be empty.");
  if (UNSTORABLE.test(text))
    return refused(code, "An identity must not hold control characters or broken text.");
  switch (kind) {
    case "EMAIL":
      return normaliseEmail(asTyped(text));
    case "PHONE":
      return normalisePhone(asTyped(text), options.region);
    case "LOYALTY_CARD":
      return normaliseLoyaltyCard(asTyped(text));
    case "SOCIAL_HANDLE":
      return normaliseSocialHandle(asTyped(text));
    case "DEVICE":
      return text.length > DEVICE_MAX_CHARACTERS
        ? tooLong(`a device id has at most ${DEVICE_MAX_CHARACTERS} characters`)
        : { ok: true, value: text };
    case "EXTERNAL_ID":
      return normaliseExternalId(text.normalize("NFC"));
  }
}

/** Above every kind's own bound with room for a pasted display name or URL; caps the work done on hostile input. */
const TYPED_MAX_CHARACTERS = 1024;
/** RFC 5321 4.5.3.1.1, in octets. */
const EMAIL_LOCAL_MAX_OCTETS = 64;
/** RFC 5321 4.5.3.1.3: a path has 256 octets, two of them the angle brackets. */
const EMAIL_MAX_OCTETS = 254;
/** The longest printed code in use is GS1-128 with 48 characters. */
const LOYALTY_CARD_MAX_CHARACTERS = 64;
/** Vendor ids are UUIDs (36); push tokens run to about 200. */
const DEVICE_MAX_CHARACTERS = 255;
/** Platforms allow 30 to 100; a federated handle carries a host name as well. */
const SOCIAL_HANDLE_MAX_CHARACTERS = 255;
/** Room for a source name and a UUID or URN; stays far below what one index entry can hold. */
const EXTERNAL_ID_MAX_CHARACTERS = 255;

/** Controls (NUL cannot be stored at all), lone surrogates, line and paragraph separators. */
const UNSTORABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/** RFC 5321 dot-string, with the letters of RFC 6531. Quoted local parts are refused: nobody types one. */
const EMAIL_LOCAL =
  /^(?!\p{M})[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
/** Checked before domainToASCII, which would read "%65" or "/x" as parts of a URL. */
const DOMAIN_TYPED = /^[\p{L}\p{M}\p{N}.\u3002-]+$/u;
/** At least two LDH labels, the last not numeric: host names, not IP addresses. */
const DOMAIN_ASCII =
  /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])$/;

/** Names and hosts of one platform; "twitter:ali" and "https://x.com/ali" are one person. */
const PLATFORM_OF: ReadonlyMap<string, string> = new Map([
  ["twitter", "x"],
  ["ig", "instagram"],
  ["insta", "instagram"],
  ["fb", "facebook"],
  ["tg", "telegram"],
  ["twitter.com", "x"],
  ["x.com", "x"],
  ["instagram.com", "instagram"],
  ["facebook.com", "facebook"],
  ["t.me", "telegram"],
  ["telegram.me", "telegram"],
  ["tiktok.com", "tiktok"],
  ["linkedin.com/in", "linkedin"],
]);

/** What every kind but the opaque ids shares: compatibility forms, ASCII digits, no bidi marks, ZWNJ or zero-width space. */
function asTyped(text: string): string {
  const visible = text.replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "");
  return asciiDigits(visible.normalize("NFKC")).trim();
}

function normaliseEmail(text: string): NormalisedIdentity {
  const address = bareAddress(text).toLowerCase().normalize("NFKC");
  const at = address.lastIndexOf("@");
  const local = address.slice(0, Math.max(at, 0));
  const domain = address.slice(at + 1).replace(/[.\u3002]$/u, "");
  if (!EMAIL_LOCAL.test(local) || !DOMAIN_TYPED.test(domain)) {
    return refused("INVALID_EMAIL", "This is not an e-mail address.");
  }
  if (Buffer.byteLength(local) > EMAIL_LOCAL_MAX_OCTETS) {
    return tooLong(`the part of an e-mail address before @ has at most ${EMAIL_LOCAL_MAX_OCTETS} octets`);
  }
  const host = domainToASCII(domain);
  const value = `${local}@${host}`;
  if (Buffer.byteLength(value) > EMAIL_MAX_OCTETS) {
    return tooLong(`an e-mail address has at most ${EMAIL_MAX_OCTETS} octets`);
  }
  if (!DOMAIN_ASCII.test(host)) return refused("INVALID_EMAIL", "The part after @ is not a domain name.");
  return { ok: true, value };
}

/** Out of `<a@b>`, `Ali <a@b>` and `mailto:a@b?subject=x`, the address. */
function bareAddress(text: string): string {
  const inner = /^[^<>]*<([^<>]*)>$/u.exec(text)?.[1]?.trim() ?? text;
  const link = /^mailto:([^?]*)/iu.exec(inner)?.[1];
  if (link === undefined) return inner;
  return link.replace(/%2b/giu, "+").replace(/%40/gu, "@").trim();
}

/** A number valid in its country's plan wins; one only possible is taken too, for plans grow faster than the metadata. */
function normalisePhone(text: string, region: string | undefined): NormalisedIdentity {
  const typed = withoutLabel(text);
  const country = region?.toUpperCase();
  const defaultCountry = country !== undefined && isSupportedCountry(country) ? country : undefined;
  const forms = typed.startsWith("00") ? [typed, `+${typed.slice(2)}`] : [typed];
  const read = forms.flatMap(
    (form) => parsePhoneNumberFromString(form, { defaultCountry, extract: false }) ?? [],
  );
  const number = read.find((candidate) => candidate.isValid()) ?? read.find(isPossibleSubscriber);
  if (number === undefined) {
    return refused("INVALID_PHONE", "This is not a phone number; give it with + and the country code.");
  }
  // An extension names a desk behind a shared switchboard; cutting it would make colleagues one person.
  if (number.ext) return refused("INVALID_PHONE", "A number with an extension does not identify one person.");
  return { ok: true, value: number.number };
}

/** Of a range the metadata does not know: the right length, no short code or row of zeros, and read back as itself. */
function isPossibleSubscriber(number: PhoneNumber): boolean {
  if (!/^[1-9]\d{6,}$/u.test(number.nationalNumber)) return false;
  const readBack = parsePhoneNumberFromString(number.number, { extract: false });
  return number.isPossible() && readBack?.number === number.number && readBack.isPossible();
}

/** Drops words around the number ("Mobile: ...", "... (home)") and moves a plus that right-to-left typing put last. */
function withoutLabel(text: string): string {
  const unlabelled = text.replace(/\([^()+\d]*\)/gu, " ").trim();
  const bare = unlabelled.replace(/^\(\s*((?:\+|00)[\d\s]*)\)/u, "$1 "); // "(+98) 900 ..." is not read by the library
  const plusFirst = /^[^+]*\d\s*\+$/u.test(bare) ? `+${bare.slice(0, -1)}` : bare;
  return plusFirst.replace(/^[^\d+(]+/u, "").replace(/[^\d)]+$/u, "");
}

function normaliseLoyaltyCard(text: string): NormalisedIdentity {
  const separators = /[\s\p{Pd}\u2212.\u00b7\u2022\u06d4]/gu;
  const value = text.toUpperCase().normalize("NFKC").replace(separators, "").normalize("NFKC");
  if (!/[\p{L}\p{N}]/u.test(value))
    return refused("INVALID_IDENTITY", "A card number needs a letter or a digit.");
  if (value.length > LOYALTY_CARD_MAX_CHARACTERS) {
    return tooLong(`a card number has at most ${LOYALTY_CARD_MAX_CHARACTERS} characters`);
  }
  return { ok: true, value };
}

function normaliseSocialHandle(text: string): NormalisedIdentity {
  const folded = text.toLowerCase().normalize("NFKC");
  const [platform, handle] = profileUrl(folded) ?? splitAtColon(folded);
  const value = `${PLATFORM_OF.get(platform) ?? platform}:${handle.replace(/^@/u, "").trim()}`;
  if (value.length > SOCIAL_HANDLE_MAX_CHARACTERS) {
    return tooLong(`a social handle has at most ${SOCIAL_HANDLE_MAX_CHARACTERS} characters`);
  }
  if (!/^[a-z0-9][a-z0-9._-]*:[\p{L}\p{N}_.+~-][\p{L}\p{M}\p{N}_.+~@#-]*$/u.test(value)) {
    return refused("INVALID_IDENTITY", "Give a social handle as platform:handle.");
  }
  return { ok: true, value };
}

/** Platform and handle out of a profile link of a platform known here, with or without https:// and www. */
function profileUrl(text: string): [platform: string, handle: string] | undefined {
  const path = text.replace(/^https?:\/\//u, "").replace(/^(?:www|m|mobile)\./u, "");
  const [, place, handle] = /^([^/?#]+(?:\/in)?)\/([^/?#]+)\/?(?:[?#].*)?$/u.exec(path) ?? [];
  const platform = place === undefined ? undefined : PLATFORM_OF.get(place);
  return platform === undefined || handle === undefined ? undefined : [platform, handle];
}

function normaliseExternalId(text: string): NormalisedIdentity {
  const [source, reference] = splitAtColon(text);
  if (source === "" || reference === "") {
    return refused("INVALID_IDENTITY", "Give an external id as source:reference.");
  }
  const value = `${source}:${reference}`;
  if (value.length > EXTERNAL_ID_MAX_CHARACTERS) {
    return tooLong(`an external id has at most ${EXTERNAL_ID_MAX_CHARACTERS} characters`);
  }
  return { ok: true, value };
}

function splitAtColon(text: string): [before: string, after: string] {
  const colon = text.indexOf(":");
  return colon < 0 ? ["", ""] : [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

function refused(
  code: "INVALID_EMAIL" | "INVALID_PHONE" | "INVALID_IDENTITY",
  message: string,
): NormalisedIdentity {
  return { ok: false, code, message };
}

function tooLong(bound: string): NormalisedIdentity {
  return { ok: false, code: "IDENTITY_TOO_LONG", message: `Too long: ${bound}.` };
}
