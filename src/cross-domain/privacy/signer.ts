import { asc, sql } from "drizzle-orm";
import {
  CompactSign,
  calculateJwkThumbprint,
  exportJWK,
  FlattenedSign,
  generateKeyPair,
  importJWK,
  importPKCS8,
  type JWK,
} from "jose";
import { signingKeys } from "#schema/privacy.js";
import type { Database } from "../../platform/database/database.js";

const algorithm = "ES256";

type Key = Awaited<ReturnType<typeof importPKCS8>>;

/** Thrown for a signing key in the environment that is none. */
export class BadSigningKey extends Error {
  constructor(options: ErrorOptions) {
    super("EXPORT_SIGNING_KEY must be a PKCS#8 PEM of an EC key on P-256", options);
  }
}

/** Signs documents, so that whoever is given one can tell that it came from here and is whole. */
export class Signer {
  private constructor(
    private readonly kid: string,
    private readonly key: Key,
    /** Public parts of every key known here, for whoever verifies. */
    readonly jwks: { keys: readonly JWK[] },
  ) {}

  /** With the key of the environment, else with one that is made up once for the whole database. Throws BadSigningKey. */
  static async open(database: Database, pem: string | null): Promise<Signer> {
    const given = pem === null ? null : await givenKey(pem);
    const kept = await keptKeys(database);
    const own = given || kept.length ? kept : [await inventKey(database)];
    const [present] = given ? [given, ...own] : own;
    const keys = [...(given ? [given] : []), ...own];
    const { id, privateJwk } = present as KeptKey;
    const key = (await importJWK(privateJwk as JWK, algorithm)) as Key;
    return new Signer(id, key, { keys: keys.map(publicPart) });
  }

  /** The detached signature of the bytes as they are: a JWS with an unencoded payload (RFC 7797). */
  async detached(bytes: Uint8Array): Promise<string> {
    const header = { alg: algorithm, kid: this.kid, b64: false, crit: ["b64"] };
    const jws = await new FlattenedSign(bytes).setProtectedHeader(header).sign(this.key);
    return `${jws.protected}..${jws.signature}`;
  }

  /** The bytes inside of their signature: a compact JWS. */
  compact(bytes: Uint8Array): Promise<string> {
    return new CompactSign(bytes)
      .setProtectedHeader({ alg: algorithm, kid: this.kid, cty: "application/json" })
      .sign(this.key);
  }
}

interface KeptKey {
  id: string;
  privateJwk: Record<string, unknown>;
}

async function givenKey(pem: string): Promise<KeptKey> {
  try {
    // One line in an environment: breaks may be written as \n.
    const key = await importPKCS8(pem.replaceAll("\\n", "\n"), algorithm, { extractable: true });
    return await keptKey(key);
  } catch (cause) {
    throw new BadSigningKey({ cause });
  }
}

async function keptKey(key: Key): Promise<KeptKey> {
  const privateJwk = await exportJWK(key);
  return { id: await calculateJwkThumbprint(privateJwk), privateJwk: { ...privateJwk } };
}

function keptKeys(database: Database): Promise<KeptKey[]> {
  return database.read.select().from(signingKeys).orderBy(asc(signingKeys.createdAt), asc(signingKeys.id));
}

/** Of several nodes that start at once one makes the key: the lock lets the others see it. */
async function inventKey(database: Database): Promise<KeptKey> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const made = await keptKey(privateKey);
  return database.transaction(async (tx) => {
    await tx.execute(sql`/* lockKeys */ lock table ${signingKeys} in share row exclusive mode`);
    const [known] = await tx.select().from(signingKeys).limit(1);
    if (!known) await tx.insert(signingKeys).values(made);
    return known ?? made;
  });
}

function publicPart({ id, privateJwk }: KeptKey): JWK {
  const { d: _private, ...jwk } = privateJwk;
  return { ...(jwk as JWK), kid: id, alg: algorithm, use: "sig" };
}
