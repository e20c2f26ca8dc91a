import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const saltBytes = 16;
const ivBytes = 12;
const tagBytes = 16;
const keyBytes = 32;
const cipher = "aes-256-gcm";
const purpose = "customer-360 idempotent answer";

/**
 * Text that only who presents the same key or token can read again: nothing that is stored opens it. `owner` is bound to it,
 * so that a text moved to another row does not open.
 */
export function seal(text: string, presented: string, owner: string): Buffer {
  const salt = randomBytes(saltBytes);
  const iv = randomBytes(ivBytes);
  const sealing = createCipheriv(cipher, keyOf(presented, salt), iv).setAAD(Buffer.from(owner));
  const content = Buffer.concat([sealing.update(text, "utf8"), sealing.final()]);
  return Buffer.concat([salt, iv, sealing.getAuthTag(), content]);
}

/** Null where another key or token sealed it. */
export function unseal(sealed: Buffer, presented: string, owner: string): string | null {
  const iv = sealed.subarray(saltBytes, saltBytes + ivBytes);
  const tag = sealed.subarray(saltBytes + ivBytes, saltBytes + ivBytes + tagBytes);
  const opening = createDecipheriv(cipher, keyOf(presented, sealed.subarray(0, saltBytes)), iv)
    .setAAD(Buffer.from(owner))
    .setAuthTag(tag);
  try {
    const content = sealed.subarray(saltBytes + ivBytes + tagBytes);
    return Buffer.concat([opening.update(content), opening.final()]).toString("utf8");
  } catch {
    return null;
  }
}

function keyOf(presented: string, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", presented, salt, purpose, keyBytes));
}
