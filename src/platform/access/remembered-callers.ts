import { timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Authenticate, Caller } from "./caller.js";
import { digest, nameOfKeyText } from "./key-text.js";
import { isToken } from "./tokens.js";

/** How long what was found good is taken for good without asking again: so soon a revoked key stops. */
const trustMs = 1_000;
/** Keys and tokens remembered at once; a company has some hundreds of keys, and a token for each of its people. */
const maxRemembered = 10_000;

/** The same, asked at most once in `trustMs` for a good key or token. What is not good is never remembered. */
export function rememberCallers(authenticate: Authenticate, now: () => number = Date.now): Authenticate {
  const asked = new LRUCache<string, Remembered>({ max: maxRemembered });
  return (presented) => {
    const name = presented && nameOf(presented);
    if (!name) return authenticate(presented); // which then needs nobody to tell
    const key = Buffer.from(presented);
    const last = asked.get(name);
    const at = now();
    // Counted from when it was asked, and not at all by a clock that was set back.
    if (last && at >= last.at && at < last.until && equal(last.key, key)) return last.caller;
    const caller = authenticate(presented);
    const entry = { at, until: at + trustMs, key, caller };
    asked.set(name, entry);
    const forget = () => asked.peek(name) === entry && asked.delete(name);
    caller.then((found) => {
      if (!found) forget();
      else if (found.expiresAtMs != null) entry.until = Math.min(entry.until, found.expiresAtMs);
    }, forget);
    return caller;
  };
}

interface Remembered {
  at: number;
  until: number;
  key: Buffer;
  caller: Promise<Caller | null>;
}

/** What it is remembered under, no secret; the whole of it is compared in constant time. */
function nameOf(presented: string): string | null {
  return nameOfKeyText(presented) ?? (isToken(presented) ? digest(presented).toString("base64") : null);
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
