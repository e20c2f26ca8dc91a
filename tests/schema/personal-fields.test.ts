import { beforeAll, expect, test } from "@jest/globals";
import { getTableColumns } from "drizzle-orm";
import { type GraphQLSchema, getNamedType, isLeafType, isNonNullType, isObjectType } from "graphql";
import { isPersonal } from "../../src/platform/graphql/personal.js";
import { builtSchema } from "../../src/server/build-schema.js";
import { personalInputsOf } from "../../src/server/kept-inputs.js";
import { reads } from "../../src/server/reads.js";

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await builtSchema();
});

/** Every value that an answer can show of a customer or of the machinery, looked at one by one: personal, or not. */
const reviewed: Record<string, [personal: string, notPersonal: string]> = {
  Customer: [
    "displayName givenName familyName email phone",
    "id locale timeZone country stage anonymous createdAt updatedAt erasedAt seq liveCursor openTicketCount",
  ],
  Identity: ["value", "kind verified firstSeenAt lastSeenAt"],
  Source: ["", "code"],
  Profile: [
    "sourceRef displayName givenName familyName email phone birthDate addressLines postalCode city traits",
    "locale timeZone region country observedAt",
  ],
  LoyaltyAccount: ["", "pointsToNextTier joinedAt"],
  LoyaltyTier: ["", "code name rank earnedFrom"],
  LoyaltyPoints: ["", "active pending earned spent expired"],
  PurchaseSummary: ["", "purchaseCount returnCount itemCount customerCount"],
  PurchaseTotals: ["", "currency"],
  RateLimit: ["", "maximum available restoreRate"],
  Money: ["", "amount currency"],
  Interaction: [
    "summary body attributes",
    "id occurredAt direction initiative actor kind durationSeconds sourceRef recordedAt",
  ],
  Channel: ["", "code name automated costPerContact costCurrency"],
  Ticket: [
    "subject assignee",
    "id number category status priority team openedAt firstRepliedAt solvedAt closedAt reopenCount transferCount slaMet updatedAt sourceRef",
  ],
  Consent: ["", "id purpose status expiresAt occurredAt sourceRef recordedAt"],
  Feedback: [
    "comment",
    "id occurredAt kind score scaleMin scaleMax surveyVersion answeredAt sourceRef recordedAt",
  ],
  LoyaltyEntry: [
    "reason",
    "id occurredAt kind points pendingDelta activeDelta expiresAt sourceRef recordedAt",
  ],
  Reward: ["", "code name costPoints available"],
  Purchase: ["", "id occurredAt orderNumber placedAt status sourceRef recordedAt"],
  PurchaseItem: ["", "sku name quantity"],
  PurchaseReturn: ["reason", "id occurredAt returnNumber returnedAt sourceRef recordedAt"],
  ApiKey: [
    "",
    "id name start status role scopes effectiveScopes partner purpose trustedOnly budgetPoints restoredPerSecond expiresAt revokedAt rotatedAt previousValidUntil lastUsedAt createdAt",
  ],
  Conversation: ["subject", "id startedAt lastAt sourceRef"],
  TicketEvent: [
    "subject assignee actor note",
    "id occurredAt kind revision status priority category team slaMet reopenCount sourceRef recordedAt",
  ],
  Viewer: ["", "kind apiKeyId name role partner purpose scopes expiresAt"],
  TopCustomer: ["", "purchaseCount returnCount"],
  InteractionRecorded: ["", "cursor"],
  TicketChange: ["", "cursor type occurredAt recordedAt"],
  CustomerChange: ["", "cursor type occurredAt recordedAt seq"],
  AuditEntry: ["", "id at action keyId operationName documentHash requestId purpose customerIds"],
  PrivacyReceiptLine: ["", "table action rows"],
  PrivacyRequest: [
    "",
    "id kind status customerId requestedBy requestedAt startedAt finishedAt errorCode documentPath readableUntil",
  ],
  Webhook: [
    "",
    "id url description document types status statusReason statusChangedAt failuresInRow previousSecretUntil keyId createdAt updatedAt pendingDeliveryCount",
  ],
  WebhookDelivery: [
    "",
    "id webhookId eventId eventType status attempts nextAttemptAt lastAttemptAt lastStatusCode lastError lastDurationMs deliveredAt createdAt",
  ],
  FeedBatch: ["", "cursor"],
  FeedEvent: ["", "id cursor type occurredAt recordedAt customerId subjectId seq"],
};

/** Shapes around data, and what a write says about itself. */
const around =
  /^(__|(Query|Mutation|Subscription|PageInfo|ItemError|UserError)$|\w+(Connection|Edge|Payload|Result)$)/;

test("every value of every type was reviewed: a new field says whether it is personal", () => {
  const found: typeof reviewed = {};
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || around.test(type.name)) continue;
    const leaves = Object.values(type.getFields()).filter((field) => isLeafType(getNamedType(field.type)));
    const names = (personal: boolean) =>
      leaves.filter((field) => isPersonal(field) === personal).map(({ name }) => name);
    found[type.name] = [names(true).join(" "), names(false).join(" ")];
  }
  expect(found).toEqual(reviewed);
});

test("personal fields are values that can be null, and say what they need", () => {
  let personal = 0;
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields()).filter(isPersonal)) {
      personal++;
      expect([field.name, isNonNullType(field.type), isLeafType(getNamedType(field.type))]).toEqual([
        field.name,
        false,
        true,
      ]);
      expect(field.description).toContain("without the scope `pii:read`");
    }
  }
  expect(personal).toBe(30);
});

test("whatever a list is filtered or sorted by that a personal field shows is refused with the field", () => {
  const inputs = personalInputsOf(schema);
  const open: string[] = [];
  const pages = Object.entries(reads).flatMap(([parent, fields]) =>
    Object.entries(fields).flatMap(([name, read]) => (read.kind === "page" ? [{ parent, name, read }] : [])),
  );
  for (const { parent, name, read } of pages) {
    const { listing } = read;
    const type = getNamedType(fieldsOf(parent)[name]?.type)?.name.replace("Connection", "") ?? "";
    const own = getTableColumns(listing.table) as Record<string, unknown>;
    const shownBy = (column: unknown) => Object.keys(own).find((name) => own[name] === column) ?? "";
    const fields = fieldsOf(type);
    const personal = (column: unknown) => {
      const field = fields[shownBy(column)];
      return field !== undefined && isPersonal(field);
    };
    for (const [name, field] of Object.entries(listing.filter))
      if (personal(field) && !inputs.get(`${type}Filter`)?.has(name)) open.push(`${type}Filter.${name}`);
    for (const [name, [, column]] of Object.entries(listing.sort ?? {}))
      if (personal(column) && !inputs.get(`${type}SortField`)?.has(name))
        open.push(`${type}SortField.${name}`);
    for (const { column } of listing.order) expect([type, personal(column)]).toEqual([type, false]);
  }
  expect(open).toEqual([]);
  expect(pages.length).toBeGreaterThan(10);
  expect([...(inputs.get("CustomerFilter") ?? [])]).toContain("email");
  expect([...(inputs.get("CustomerSortField") ?? [])]).toContain("DISPLAY_NAME");
});

function fieldsOf(typeName: string) {
  const type = schema.getType(typeName);
  return isObjectType(type) ? type.getFields() : {};
}
