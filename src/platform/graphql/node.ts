import { Field, ID, InterfaceType } from "type-graphql";
import { idPrefixes } from "#schema/columns.js";
import { parseAnyId } from "../ids.js";

/** GraphQL type name of each kind of node. The one list in this floor that names the domains: types resolve by prefix. */
const typeNames: Record<string, string> = {
  customer: "Customer",
  interaction: "Interaction",
  conversation: "Conversation",
  purchase: "Purchase",
  purchaseReturn: "PurchaseReturn",
  loyaltyEntry: "LoyaltyEntry",
  ticket: "Ticket",
  ticketEvent: "TicketEvent",
  feedback: "Feedback",
  consent: "Consent",
  apiKey: "ApiKey",
  webhook: "Webhook",
  webhookDelivery: "WebhookDelivery",
  privacyRequest: "PrivacyRequest",
  auditEntry: "AuditEntry",
};

/** The type of a row, read off the prefix of its id. */
export function typeNameOf(row: { id: string }): string {
  const kind = parseAnyId(row.id)?.kind;
  const name = kind && typeNames[kind];
  if (!name) throw new Error(`No GraphQL type for ids ${row.id.slice(0, idPrefixes.customer.length)}…`);
  return name;
}

@InterfaceType({
  description: "Anything with an id of its own. Ids are stable and name their type.",
  resolveType: typeNameOf,
})
export abstract class Node {
  @Field(() => ID, { description: "Stable id, whose prefix names the type." })
  id!: string;
}
