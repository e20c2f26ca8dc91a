import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type IdKind, parseAnyId, toId, uuidOf } from "../ids.js";

/** Ids and cursors as one partner sees them. */
export interface Pseudonyms {
  /** The partner's name for an id: the same each time, and for no other partner. */
  seal(id: string): string;
  /** The id behind a partner's name. What is no id is given back; a name made for somebody else leads to an id of nothing. */
  open(name: string): string;
  sealText(text: string): string;
  /** The text; null for what was not sealed for this partner. */
  openText(sealed: string): string | null;
}

/** Partners whose keys are kept ready. */
const maxPartners = 1_000;
/** A cipher that is one permutation of 16 bytes: a uuid is just one block, so equal ids are all that could ever repeat. */
const idCipher = "aes-256-ecb";
const textCipher = "aes-256-gcm";
const [ivBytes, tagBytes, keyBytes] = [12, 16, 32];

/** Kinds that name nothing of a customer: a partner's own key is itself in every answer. */
const open: ReadonlySet<IdKind> = new Set(["apiKey"]);

/** Pseudonyms by partner, from the secret of the environment: with another secret all partners see other names. */
export function createPseudonyms(secret: string): (partner: string) => Pseudonyms {
  const known = new LRUCache<string, Pseudonyms>({ max: maxPartners });
  return (partner) => {
    const pseudonyms = known.get(partner) ?? pseudonymsOf(secret, partner);
    known.set(partner, pseudonyms);
    return pseudonyms;
  };
}

function pseudonymsOf(secret: string, partner: string): Pseudonyms {
  const keys = new Map<string, Buffer>();
  const keyFor = (use: string) => {
    let key = keys.get(use);
    if (!key) {
      key = Buffer.from(hkdfSync("sha256", secret, JSON.stringify([partner, use]), "pseudonyms", keyBytes));
      keys.set(use, key);
    }
    return key;
  };
  const turned = (text: string, turn: (block: Buffer, key: Buffer) => Buffer) => {
    const parsed = parseAnyId(text);
    if (!parsed || open.has(parsed.kind)) return text;
    const block = Buffer.from(uuidOf(parsed.id).replaceAll("-", ""), "hex");
    return toId(parsed.kind, uuidText(turn(block, keyFor(parsed.kind))));
  };
  return {
    seal: (id) =>
      turned(id, (block, key) => createCipheriv(idCipher, key, null).setAutoPadding(false).update(block)),
    open: (name) =>
      turned(name, (block, key) => createDecipheriv(idCipher, key, null).setAutoPadding(false).update(block)),
    sealText(text) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv(textCipher, keyFor("cursor"), iv);
      const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url");
    },
    openText(sealed) {
      const bytes = Buffer.from(sealed, "base64url");
      if (bytes.length < ivBytes + tagBytes) return null;
      const decipher = createDecipheriv(textCipher, keyFor("cursor"), bytes.subarray(0, ivBytes));
      decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      try {
        return (
          decipher.update(bytes.subarray(ivBytes + tagBytes), undefined, "utf8") + decipher.final("utf8")
        );
      } catch {
        return null;
      }
    },
  };
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
