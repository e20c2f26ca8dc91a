import ipaddr from "ipaddr.js";
import type { Refusal } from "../../platform/errors.js";

/** Longer ones are mistakes; some proxies refuse them. */
const maxUrlLength = 2_000;
/** Readers of URLs drop, cut off or encode these without a word: what is stored would not be what is called. */
const stray = /[\s\p{Cc}\p{Cs}]/u;
/** What a name that means this machine ends in. */
const localName = /(^|\.)localhost\.?$/i;

/**
 * What is wrong with an endpoint's address as it is written; null when nothing is. What its name stands for is looked at
 * again at every connection, because names change.
 */
export function whyNotUrl(text: string, allowPrivate: boolean): Refusal | null {
  if (text.length > maxUrlLength) return refusal("TOO_LONG", `may have at most ${maxUrlLength} characters`);
  if (stray.test(text) || !URL.canParse(text)) return refusal("INVALID_URL", "must be a URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:"))
    return refusal("INVALID_URL", "must start with https://");
  if (url.username || url.password) return refusal("INVALID_URL", "must hold no name and no password");
  if (url.hash) return refusal("INVALID_URL", "must hold no fragment");
  if (allowPrivate) return null;
  const host = hostOf(url);
  if (localName.test(host) || (ipaddr.isValid(host) && !isPublicAddress(host)))
    return refusal("PRIVATE_ADDRESS", "must lead to a public address");
  return null;
}

/** The name or address that a URL names, an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

/** All of IPv6 that is given out to the public so far. */
const publicIpv6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse("2000::"), 3];

/**
 * Whether an address is one of the public internet. Everything with a purpose of its own is not: private, loopback,
 * link-local, shared, mapped and translated addresses, tunnels, documentation.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== "unicast") return false;
  return address.kind() === "ipv4" || (address as ipaddr.IPv6).match(publicIpv6);
}

function refusal(code: string, problem: string): Refusal {
  return { code, field: "url", message: `url ${problem}.` };
}
