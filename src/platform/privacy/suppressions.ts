import { createHash, createHmac, randomBytes } from "node:crypto";
import { isNotNull, sql } from "drizzle-orm";
import { suppressionSecrets, suppressions } from "#schema/privacy.js";
import type { Database, Tx } from "../database/database.js";
import { bareArray, sendNow } from "../database/rows.js";

/** Bytes of a secret that is made up here: as many as the hash has. */
const secretBytes = 32;
/** Hexadecimal digits of a secret's fingerprint: enough to tell secrets apart, useless for guessing one. */
const fingerprintDigits = 16;

/** A secret that made suppressions is not among those given: what was erased could come back unnoticed. */
export class UnknownSuppressionSecret extends Error {
  constructor(ids: readonly string[]) {
    super(
      `PRIVACY_SECRETS lacks a secret that erased people were suppressed with (fingerprint ${ids.join(", ")}): add it behind the present one`,
    );
  }
}

interface Secret {
  id: string;
  value: Buffer;
}

/** Names that may not be recorded again. Only keyed digests are kept: who has the table without the secret reads nothing. */
export class Suppressions {
  /** The first makes new digests; all find what they made. */
  private constructor(private readonly secrets: readonly Secret[]) {}

  /**
   * With the secrets that the environment gives, the present one first, or with one that is made up once for the whole
   * database. Throws UnknownSuppressionSecret.
   */
  static async open(database: Database, given: readonly string[]): Promise<Suppressions> {
    if (given.length === 0) await inventSecret(database);
    const used = await database.read.select().from(suppressionSecrets).orderBy(suppressionSecrets.createdAt);
    const own = used.flatMap(({ id, secret }) => (secret ? [{ id, value: secret }] : []));
    const secrets = [...given.map((text) => secretOf(Buffer.from(text))), ...own];
    const unknown = used.filter(({ id }) => !secrets.some((secret) => secret.id === id));
    if (unknown.length) throw new UnknownSuppressionSecret(unknown.map(({ id }) => id));
    return new Suppressions(secrets);
  }

  /** Whether anything is suppressed at all, asked before this returns: where nothing is, nobody need digest a name. */
  async anyKept(tx: Tx): Promise<boolean> {
    const [found] = await sendNow(
      tx,
      sql`/* anySuppressed */ select exists (select from suppressions) as any`,
    );
    return found?.any === true;
  }

  /**
   * Those of the names that may not be recorded. To be asked after the name was claimed: an erasure that is under way has
   * then either ended, and is seen, or still holds the name.
   */
  async among(tx: Tx, names: readonly string[]): Promise<ReadonlySet<string>> {
    if (names.length === 0) return new Set();
    const nameOf = new Map<string, string>();
    for (const secret of this.secrets) for (const name of names) nameOf.set(digestOf(secret, name), name);
    const rows = await tx.execute<{ digest: string }>(sql`/* suppressedAmong */
      select digest from suppressions where digest = any(${bareArray([...nameOf.keys()])}::uuid[])`);
    return new Set(rows.map(({ digest }) => nameOf.get(digest) as string));
  }

  /** Suppresses the names; twice is once. */
  async add(tx: Tx, names: readonly string[]): Promise<void> {
    const [present] = this.secrets as [Secret];
    if (names.length === 0) return;
    await tx.insert(suppressionSecrets).values({ id: present.id }).onConflictDoNothing();
    const digests = names.map((name) => digestOf(present, name)).toSorted();
    await tx.execute(sql`/* suppress */
      insert into suppressions (digest) select * from unnest(${bareArray(digests)}::uuid[]) on conflict do nothing`);
  }

  /** Lets a name be recorded again; false when it was not suppressed. */
  async lift(tx: Tx, name: string): Promise<boolean> {
    const digests = this.secrets.map((secret) => digestOf(secret, name));
    const { count } = await tx.execute(
      sql`/* liftSuppression */ delete from ${suppressions} where digest = any(${bareArray(digests)}::uuid[])`,
    );
    return count > 0;
  }
}

/** An identity as suppressions know it. */
export function identityName(kind: string, value: string): string {
  return `identity\n${kind}\n${value}`;
}

/** A source's own reference of a record as suppressions know it. */
export function recordName(source: string, kind: string, sourceRef: string): string {
  return `record\n${source}\n${kind}\n${sourceRef}`;
}

/** Of several nodes that start at once one makes the secret: the lock lets the others see it. */
async function inventSecret(database: Database): Promise<void> {
  const own = await database.read
    .select({ id: suppressionSecrets.id })
    .from(suppressionSecrets)
    .where(isNotNull(suppressionSecrets.secret));
  if (own.length) return;
  await database.transaction(async (tx) => {
    await tx.execute(sql`/* lockSecrets */ lock table ${suppressionSecrets} in share row exclusive mode`);
    const value = randomBytes(secretBytes);
    await tx.execute(sql`/* inventSecret */
      insert into ${suppressionSecrets} (id, secret)
      select ${secretOf(value).id}, decode(${value.toString("hex")}, 'hex')
      where not exists (select from ${suppressionSecrets} where secret is not null)`);
  });
}

function secretOf(value: Buffer): Secret {
  const id = createHash("sha256").update("suppression secret\n").update(value).digest("hex");
  return { id: id.slice(0, fingerprintDigits), value };
}

/** In the form of a uuid, which is what 128 bits are cheapest kept as. */
function digestOf({ value }: Secret, name: string): string {
  const hex = createHmac("sha256", value).update(name).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}
