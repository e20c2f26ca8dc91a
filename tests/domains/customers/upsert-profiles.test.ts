import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { startTestApp, type TestApp } from "../../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ phoneRegion: "IR" });
});
afterAll(() => app.stop());

const UPSERT = `mutation ($input: UpsertProfilesInput!) { upsertProfiles(input: $input) { results {
  index outcome cursor error { code field }
  customer { id displayName givenName familyName email phone locale timeZone stage anonymous createdAt } } } }`;

async function upsert(source: string, profiles: object[]) {
  const { data, errors } = await app.execute(UPSERT, { input: { source, profiles } });
  expect(errors).toBeUndefined();
  return data.upsertProfiles.results;
}

async function eventsOf(id: string) {
  const rows = await app.database.read.execute(
    sql`select type, seq::int from events where customer_id = ${id.slice(4)}::uuid order by seq`,
  );
  return rows.map((row) => `${row.seq} ${row.type}`);
}

test("a profile makes a customer with its displayed fields, and the same again is a duplicate without an event", async () => {
  const sara = {
    sourceRef: "4711",
    givenName: "سارا",
    familyName: "محمدی",
    email: "Sara@Example.com",
    phone: "۰۹۱۲ ۰۰۰ ۰۰۰۱",
    locale: "fa-IR",
    timeZone: "Asia/Tehran",
    observedAt: "2026-05-01T08:00:00Z",
    knownSince: "2024-03-01T00:00:00Z",
  };
  const [first] = await upsert("crm", [sara]);
  expect(first).toMatchObject({ outcome: "RECORDED", error: null });
  expect(first.customer).toMatchObject({
    displayName: "سارا محمدی",
    email: "sara@example.com",
    phone: "+989120000001",
    timeZone: "Asia/Tehran",
    anonymous: false,
    createdAt: "2024-03-01T00:00:00Z",
  });

  const [again] = await upsert("crm", [sara]);

  expect(again).toEqual({ ...first, outcome: "DUPLICATE", cursor: null });
  expect(await eventsOf(first.customer.id)).toEqual(["1 CUSTOMER_CREATED"]);
});

test("profiles of several sources that share an identity are one person, found by any of their identities", async () => {
  const [shop] = await upsert("shop", [
    { sourceRef: "a1", givenName: "Jane", familyName: "Doe", email: "jane@doe.example" },
  ]);
  const [desk] = await upsert("desk", [
    {
      sourceRef: "77",
      displayName: "J. Doe",
      identities: [{ kind: "EMAIL", value: "JANE@doe.example", verified: true }],
    },
  ]);
  expect(desk.customer.id).toBe(shop.customer.id);
  expect(await eventsOf(shop.customer.id)).toEqual(["1 CUSTOMER_CREATED", "2 CUSTOMER_UPDATED"]);

  const find =
    "query ($kind: IdentityKind!, $value: String!) { customerByIdentity(kind: $kind, value: $value) { id profiles { source { code } sourceRef } } }";
  for (const [kind, value] of [
    ["EMAIL", " jane@DOE.example "],
    ["EXTERNAL_ID", "desk:77"],
    ["EXTERNAL_ID", "shop:a1"],
  ]) {
    const { data } = await app.execute(find, { kind, value });
    expect(data.customerByIdentity).toEqual({
      id: shop.customer.id,
      profiles: [
        { source: { code: "desk" }, sourceRef: "77" },
        { source: { code: "shop" }, sourceRef: "a1" },
      ],
    });
  }
});

test("a name is never mixed from two sources, and an older observation changes nothing", async () => {
  const [first] = await upsert("alpha", [
    { sourceRef: "m", givenName: "Maria", email: "m@example.org", observedAt: "2026-02-01T00:00:00Z" },
  ]);
  const [second] = await upsert("beta", [
    {
      sourceRef: "m",
      givenName: "Mary",
      familyName: "Poppins",
      email: "m@example.org",
      observedAt: "2026-03-01T00:00:00Z",
    },
  ]);
  expect(second.customer).toMatchObject({
    id: first.customer.id,
    givenName: "Mary",
    familyName: "Poppins",
    displayName: "Mary Poppins",
  });

  const [late] = await upsert("beta", [
    { sourceRef: "m", familyName: "Old", observedAt: "2026-01-01T00:00:00Z" },
  ]);

  expect(late.outcome).toBe("DUPLICATE");
  expect(late.customer.familyName).toBe("Poppins");
});

test("an empty text clears a field, an absent one keeps it", async () => {
  const [first] = await upsert("crm", [{ sourceRef: "clear", givenName: "A", familyName: "B" }]);
  const [second] = await upsert("crm", [{ sourceRef: "clear", familyName: "" }]);
  expect(second).toMatchObject({
    outcome: "RECORDED",
    customer: { id: first.customer.id, givenName: "A", familyName: null },
  });
});

test("bad profiles are refused with code and field, and nothing changes", async () => {
  const [before] = await app.database.read.execute(sql`select count(*)::int as n from customers`);
  const results = await upsert("crm", [
    { sourceRef: "x1", email: "nobody" },
    { sourceRef: "x2", phone: "12" },
    { sourceRef: "x3", timeZone: "Mars/Olympus" },
    { sourceRef: "x4", locale: "!!" },
    { sourceRef: "x5", birthDate: "1990-02-31" },
    { sourceRef: "x6", country: "Iran" },
    { sourceRef: "x7", identities: [{ kind: "SOCIAL_HANDLE", value: "" }] },
    { sourceRef: "x8", traits: { deep: [{ nul: "\u0000" }] } },
  ]);
  expect(
    results.map((r: { outcome: string; error: { code: string; field: string } }) => [
      r.outcome,
      r.error.code,
      r.error.field,
    ]),
  ).toEqual([
    ["REJECTED", "INVALID_EMAIL", "email"],
    ["REJECTED", "INVALID_PHONE", "phone"],
    ["REJECTED", "INVALID_TIME_ZONE", "timeZone"],
    ["REJECTED", "INVALID_LOCALE", "locale"],
    ["REJECTED", "INVALID_DATE", "birthDate"],
    ["REJECTED", "INVALID_COUNTRY", "country"],
    ["REJECTED", "INVALID_IDENTITY", "identities.0.value"],
    ["REJECTED", "INVALID_TEXT", "traits"],
  ]);
  const [after] = await app.database.read.execute(sql`select count(*)::int as n from customers`);
  expect(after).toEqual(before);
});

test("concurrent upserts of the same people make each of them once", async () => {
  const batch = Array.from({ length: 50 }, (_, i) => ({
    sourceRef: `c${i}`,
    email: `c${i}@concurrent.example`,
    givenName: `N${i}`,
  }));
  const answers = await Promise.all(["s1", "s2", "s3", "s4"].map((source) => upsert(source, batch)));
  const ids = answers.map((results) =>
    results.map((result: { customer: { id: string } }) => result.customer.id),
  );
  expect(new Set(ids.flat()).size).toBe(50);
  for (const other of ids.slice(1)) expect(other).toEqual(ids[0]);
});
