import { expect, test } from "@jest/globals";
import { builtSchema } from "../../src/server/build-schema.js";
import { reads } from "../../src/server/reads.js";
import { readingsOf } from "../support/readings.js";

test("these fields are left to the resolvers, with what hangs on them; every other field is read by the statement", async () => {
  const readings = readingsOf(await builtSchema(), reads);
  const computed = [...readings].filter(([, { how }]) => how === "computed").map(([field]) => field);
  expect(computed.sort()).toEqual([
    "Customer.consents",
    "Customer.purchaseSummary",
    "Customer.timeline",
    "LoyaltyAccount.nextTier",
    "LoyaltyAccount.pointsToNextTier",
    "Query.apiKeys",
    "Query.auditEntries",
    "Query.feedCursor",
    "Query.node",
    "Query.nodes",
    "Query.privacyRequest",
    "Query.privacyRequests",
    "Query.purchaseSummary",
    "Query.rateLimit",
    "Query.rewards",
    "Query.topCustomers",
    "Query.viewer",
    "Query.webhook",
    "Query.webhookDelivery",
    "Query.webhooks",
  ]);
});

test("each way of reading is in use: rows and pages at the root, edges, counts, columns and text", async () => {
  const readings = readingsOf(await builtSchema(), reads);
  const how = (field: string) => readings.get(field)?.how;
  expect({
    "Query.customer": how("Query.customer"),
    "Query.customers": how("Query.customers"),
    "Query.loyaltyTiers": how("Query.loyaltyTiers"),
    "Customer.openTicketCount": how("Customer.openTicketCount"),
    "Customer.liveCursor": how("Customer.liveCursor"),
    "Customer.loyalty": how("Customer.loyalty"),
    "Purchase.items": how("Purchase.items"),
    "Purchase.total": how("Purchase.total"),
    "Purchase.placedAt": how("Purchase.placedAt"),
  }).toEqual({
    "Query.customer": "row",
    "Query.customers": "page",
    "Query.loyaltyTiers": "many",
    "Customer.openTicketCount": "count",
    "Customer.liveCursor": "text",
    "Customer.loyalty": "one",
    "Purchase.items": "many",
    "Purchase.total": "object",
    "Purchase.placedAt": "column",
  });
});
