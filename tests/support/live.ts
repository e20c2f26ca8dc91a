import { createHash, randomBytes, randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import type { TestApp } from "./app.js";

const RECORD = `mutation ($input: RecordInteractionsInput!) { recordInteractions(input: $input) {
  results { outcome cursor interaction { id customer { id } } } } }`;

/** Records one contact per summary, in one batch; answers their results. `body` is the same for all. */
export async function recordContacts(
  app: TestApp,
  summaries: readonly string[],
  { customer = "live-customer", body = null }: { customer?: string; body?: string | null } = {},
) {
  const interactions = summaries.map((summary) => ({
    sourceRef: randomUUID(),
    customer: { sourceRef: customer },
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt: "2026-11-21T09:30:00Z",
    summary,
    body,
  }));
  const { data, errors } = await app.execute(RECORD, { input: { source: "test", interactions } });
  if (errors) throw new Error(JSON.stringify(errors));
  const { results } = data.recordInteractions;
  for (const { outcome } of results) if (outcome !== "RECORDED") throw new Error(JSON.stringify(results));
  return results;
}

/** A key with these scopes, as an administrator would have made it; its id is for revoking it. */
export async function givenKey(app: TestApp, scopes: readonly string[]) {
  const id = randomUUID();
  const key = `c360_live_${id.replaceAll("-", "")}_${randomBytes(20).toString("hex")}`;
  const hash = createHash("sha256").update(key).digest("hex");
  await app.database.transaction((tx) =>
    tx.execute(sql`insert into api_keys (id, name, secret_hash, scopes)
      values (${id}::uuid, 'test', decode(${hash}, 'hex'), ${`{${scopes.join()}}`}::text[])`),
  );
  return { id, key };
}

export async function revokeKey(app: TestApp, id: string): Promise<void> {
  await app.database.transaction((tx) =>
    tx.execute(sql`update api_keys set revoked_at = now() where id = ${id}::uuid`),
  );
}
