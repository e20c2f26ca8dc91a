import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { clockSkewSeconds } from "../../../src/platform/access/tokens.js";
import { startTestApp, type TestApp } from "../../support/app.js";
import { givenKey, recordContacts } from "../../support/live.js";
import { connectSocket } from "../../support/socket.js";
import { until } from "../../support/until.js";

const issuer = "https://login.example.com";
const audience = "customer-360";
const roleClaim = "roles";
let app: TestApp;
let jwks: Server;
let sign: (expiresAtSeconds: number) => Promise<string>;
beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
  const keys = [{ ...(await exportJWK(publicKey)), kid: "one", use: "sig" }];
  jwks = createServer((_, response) => response.end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => jwks.listen(0, "127.0.0.1", resolve));
  const jwksUrl = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/`;
  app = await startTestApp({ tokens: { jwksUrl, issuer, audience, roleClaim } });
  sign = (exp) =>
    new SignJWT({ iss: issuer, aud: audience, sub: "user-1", exp, scope: "interactions:read pii:read" })
      .setProtectedHeader({ alg: "RS256", kid: "one" })
      .sign(privateKey);
});
afterAll(async () => {
  await app.stop();
  await new Promise((resolve) => jwks.close(resolve));
});

const query = "subscription { interactionRecorded { interaction { summary } } }";

async function following(presented: string) {
  const connection = await connectSocket(app, { authorization: `Bearer ${presented}` });
  expect((await connection.next()).type).toBe("connection_ack");
  connection.send({ id: "1", type: "subscribe", payload: { query } });
  await until(
    () => app.app.live.followerCount,
    (now) => now > 0,
  );
  await recordContacts(app, ["while it may"]);
  expect((await connection.next()).payload.data.interactionRecorded.interaction.summary).toBe("while it may");
  return connection;
}

test("a token that expires ends its streams within a second", async () => {
  const endsAtSeconds = Math.ceil(Date.now() / 1000) + 2;
  // The clocks of issuers are given some leeway: a token ends that much later than it says.
  const connection = await following(await sign(endsAtSeconds - clockSkewSeconds));
  expect(await connection.closed).toBe(4403);
  const lateMs = Date.now() - endsAtSeconds * 1000;
  expect(lateMs).toBeGreaterThanOrEqual(0);
  expect(lateMs).toBeLessThan(1_000);
});

test("a key that expires ends its streams within a second, whatever the database does", async () => {
  const { key, id } = await givenKey(app, ["interactions:read", "pii:read"]);
  const expiresAtMs = Date.now() + 3_000;
  await app.database.transaction((tx) =>
    tx.execute(
      sql`update api_keys set expires_at = ${new Date(expiresAtMs).toISOString()}::timestamptz where id = ${id}::uuid`,
    ),
  );
  const connection = await following(key);
  expect(await connection.closed).toBe(4403);
  expect(Date.now() - expiresAtMs).toBeLessThan(1_000);
});

test.each([
  ["asks trusted documents only", "trustedOnly: true"],
  ["has a smaller budget", "budgetPoints: 500"],
])(
  "a key that now %s has its sockets closed, so that nothing goes on under the bounds of before",
  async (_, change) => {
    const { key, id } = await givenKey(app, ["interactions:read", "pii:read"]);
    const connection = await following(key);
    const told = await app.execute(
      `mutation { updateApiKey(input: { id: "key_${id}", ${change} }) { userErrors { code } } }`,
    );
    expect(told.data.updateApiKey.userErrors).toEqual([]);
    expect(await connection.closed).toBe(4403);
  },
);
