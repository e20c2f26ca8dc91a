import { createHash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";
import { type Id, toId, uuidOf } from "../ids.js";

// c360_live_<id, 22><_><secret, 30><checksum, 6>: one word of letters and digits, which scanners of leaked secrets find by
// /c360_live_[0-9A-Za-z]{22}_[0-9A-Za-z]{36}/ and confirm by the checksum, the CRC-32 of all before it.

const prefix = "c360_live_";
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const idLength = 22;
/** 178 bits: nobody guesses it, so a fast hash is enough to keep it. */
const secretLength = 30;
const checksumLength = 6;

const pattern = /^c360_live_([0-9A-Za-z]{22})_[0-9A-Za-z]{36}$/;
/** Keys that were stored before keys had checksums. Nothing makes them any more. */
const formerPattern = /^c360_live_([0-9a-f]{32})_[0-9A-Za-z]{20,100}$/;

/** A new key of this id. It is told once and never stored. */
export function newKeyText(id: Id<"apiKey">): string {
  const secret = Array.from({ length: secretLength }, () => alphabet[randomInt(alphabet.length)]).join("");
  const text = `${startOfKeyText(id)}_${secret}`;
  return text + checksumOf(text);
}

/** What every key of this id begins with: no secret. */
export function startOfKeyText(id: Id<"apiKey">): string {
  return prefix + base62(BigInt(`0x${uuidOf(id).replaceAll("-", "")}`), idLength);
}

/** The parts of what looks like a key that are no secret, by which it can be remembered. Asked for every request. */
export function nameOfKeyText(text: string): string | null {
  const id = pattern.exec(text)?.[1];
  return id ? id + text.slice(-checksumLength) : (formerPattern.exec(text)?.[1] ?? null);
}

/** The id that a presented key names; null for what is no key, or a mistyped one. No database is asked. */
export function readKeyText(text: string): Id<"apiKey"> | null {
  if (!pattern.test(text)) return idOfFormerKey(text);
  const checksum = text.slice(-checksumLength);
  return checksumOf(text.slice(0, -checksumLength)) === checksum ? idOfKeyText(text) : null;
}

/** The id of what starts like a key, be it whole or cut off after the id; for people who found one. */
export function idOfKeyText(text: string): Id<"apiKey"> | null {
  const id = /^c360_live_([0-9A-Za-z]{22})(_|$)/.exec(text)?.[1];
  if (!id) return idOfFormerKey(text);
  const hex = fromBase62(id).toString(16).padStart(32, "0");
  return hex.length === 32 ? toId("apiKey", dashed(hex)) : null;
}

/** What is stored of a key. A fast hash is right: the secret is random, not a password that could be guessed. */
export function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function idOfFormerKey(text: string): Id<"apiKey"> | null {
  const hex = formerPattern.exec(text)?.[1];
  return hex ? toId("apiKey", dashed(hex)) : null;
}

function checksumOf(text: string): string {
  return base62(BigInt(crc32(text)), checksumLength);
}

function base62(number: bigint, length: number): string {
  let text = "";
  for (let rest = number; rest > 0n; rest /= 62n) text = `${alphabet[Number(rest % 62n)]}${text}`;
  return text.padStart(length, "0");
}

function fromBase62(text: string): bigint {
  let number = 0n;
  for (const digit of text) number = number * 62n + BigInt(alphabet.indexOf(digit));
  return number;
}

function dashed(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
