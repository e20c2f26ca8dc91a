import { createHash } from "node:crypto";
import { expect } from "@jest/globals";
import { sql } from "drizzle-orm";
import { recordDomain } from "../../../src/cross-domain/demo/load.actions.js";
import type { TestApp } from "../../support/app.js";

export const at = "2026-11-21T09:30:00Z";
const contact = { channel: "phone", direction: "INBOUND", initiative: "UNSOLICITED", kind: "call" };

/** A number of their own. */
export function phoneOf(mark: string): string {
  const digits =
    Number.parseInt(createHash("sha256").update(mark).digest("hex").slice(0, 8), 16) % 10_000_000;
  return `+491511${String(digits).padStart(7, "0")}`;
}

type Domain = keyof typeof recordDomain;
type Batch = { [domain in Domain]: readonly Record<string, unknown>[] };

/** Everything that sources tell of one person; the mark is in each free text, name, reference and address. */
export function everythingAbout(mark: string): Batch {
  const customer = { sourceRef: `${mark}-crm` };
  const own = { customer, occurredAt: at };
  const item = { sku: `${mark}-sku`, name: `${mark} mug`, quantity: 1, unitPrice: "9.90" };
  return {
    profiles: [
      {
        sourceRef: `${mark}-crm`,
        displayName: `${mark} Doe`,
        givenName: mark,
        familyName: `${mark}-family`,
        email: `${mark}@example.com`,
        phone: phoneOf(mark),
        addressLines: [`${mark} street 1`],
        postalCode: `${mark}-1`,
        city: `${mark}-city`,
        region: `${mark}-region`,
        country: "DE",
        birthDate: "1990-05-17",
        locale: "de-DE",
        timeZone: "Europe/Berlin",
        traits: { hobby: mark },
        identities: [{ kind: "SOCIAL_HANDLE", value: `x:${mark}` }],
        observedAt: at,
      },
    ],
    interactions: [
      {
        ...own,
        ...contact,
        sourceRef: `${mark}-call`,
        conversationRef: `${mark}-thread`,
        summary: `${mark} called`,
        body: `${mark} said`,
        attributes: { agent: mark },
      },
    ],
    purchases: [
      { ...own, sourceRef: `${mark}-order`, orderNumber: `${mark}-no`, currency: "EUR", items: [item] },
      {
        ...own,
        sourceRef: `${mark}-return`,
        kind: "RETURN",
        returnOf: `${mark}-order`,
        reason: `${mark} broke it`,
        currency: "EUR",
        items: [item],
      },
    ],
    loyaltyEntries: [
      { ...own, sourceRef: `${mark}-points`, kind: "EARN", points: 10, reason: `${mark} bought` },
    ],
    ticketEvents: [
      {
        ...own,
        sourceRef: `${mark}-opened`,
        ticketRef: `${mark}-ticket`,
        number: `${mark}-number`,
        kind: "OPENED",
        subject: `${mark} asks`,
        category: `${mark}-category`,
        assignee: `${mark}-agent`,
        team: `${mark}-team`,
        actor: `${mark}-actor`,
        note: `${mark} noted`,
        interaction: { ...contact, summary: `${mark} rang` },
      },
    ],
    feedback: [
      {
        sourceRef: `${mark}-answer`,
        ticketRef: `${mark}-ticket`,
        customer,
        kind: "CSAT",
        score: 4,
        surveyVersion: `${mark}-v1`,
        comment: `${mark} is glad`,
        answeredAt: at,
      },
    ],
    consents: [{ ...own, sourceRef: `${mark}-consent`, purpose: "MARKETING", status: "GRANTED" }],
  };
}

/** Records it all through the actions of the mutations; answers the outcomes with the codes of refusals, by domain. */
export async function record(app: TestApp, batch: Partial<Batch>, source = "crm") {
  const told: Record<string, string[]> = {};
  for (const [domain, items] of Object.entries(batch) as [Domain, Batch[Domain]][]) {
    const results = await recordDomain[domain](app.services, source, items);
    told[domain] = results.map(({ outcome, error }) => error?.code ?? outcome);
  }
  return told;
}

/** A person of whom every table knows something. */
export async function givenPerson(app: TestApp, mark: string): Promise<string> {
  const told = await record(app, everythingAbout(mark));
  expect(new Set(Object.values(told).flat())).toEqual(new Set(["RECORDED"]));
  return customerOf(app, `${mark}@example.com`);
}

export async function customerOf(app: TestApp, email: string): Promise<string> {
  const { data } = await app.execute(
    `query ($email: String!) { customerByIdentity(kind: EMAIL, value: $email) { id } }`,
    { email },
  );
  return data.customerByIdentity?.id;
}

const REQUEST = `id kind status customerId requestedBy requestedAt startedAt finishedAt errorCode documentPath readableUntil
  receipt { table action rows }`;

export async function ask(
  app: TestApp,
  what: "exportCustomer" | "eraseCustomer",
  customerId: string,
  key = app.key,
) {
  const input = what === "exportCustomer" ? "ExportCustomerInput" : "EraseCustomerInput";
  const { data, errors } = await app.execute(
    `mutation ($input: ${input}!) { ${what}(input: $input) { request { ${REQUEST} } userErrors { code field } } }`,
    { input: { customerId } },
    { key },
  );
  return errors ? { errors } : data[what];
}

/** When a wait has failed: shorter than a test may take. */
const waitMs = 25_000;

/** The request once its work has ended; `meanwhile` runs between two looks. */
export async function ended(app: TestApp, id: string, meanwhile = async () => {}) {
  for (const failsAt = performance.now() + waitMs; ; ) {
    if (performance.now() > failsAt) throw new Error(`${id} has not ended`);
    const { data } = await app.execute(`query ($id: ID!) { privacyRequest(id: $id) { ${REQUEST} } }`, { id });
    if (data.privacyRequest.finishedAt) return data.privacyRequest;
    await meanwhile();
  }
}

export async function done(app: TestApp, what: "exportCustomer" | "eraseCustomer", customerId: string) {
  const { request, userErrors } = await ask(app, what, customerId);
  expect(userErrors).toEqual([]);
  const last = await ended(app, request.id);
  expect([last.status, last.errorCode]).toEqual(["DONE", null]);
  return last;
}

/** The same but for the audit, which goes on while a test looks; once every event has its place in the feed. */
export async function everyStoredRow(app: TestApp): Promise<[table: string, row: string][]> {
  const failsAt = performance.now() + waitMs;
  while ((await app.database.read.execute(sql`select from events where pos is null limit 1`)).length)
    if (performance.now() > failsAt) throw new Error("events have no place in the feed");
  return (await everyRow(app)).filter(([table]) => table !== "audit_entries").toSorted();
}

/** Every row of the database, as text, by table. */
export async function everyRow(app: TestApp): Promise<[table: string, row: string][]> {
  const tables = await app.database.read.execute<{ name: string }>(sql`
    select relname as name from pg_class join pg_namespace n on n.oid = relnamespace
    where nspname = 'public' and relkind in ('r', 'p')`);
  const rows: [string, string][] = [];
  for (const { name } of tables) {
    const own = await app.database.read.execute<{ row: string }>(
      sql`select to_jsonb(t)::text as row from ${sql.identifier(name)} t`,
    );
    rows.push(...own.map(({ row }): [string, string] => [name, row]));
  }
  return rows;
}
