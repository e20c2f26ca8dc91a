import { conversations, interactions } from "#schema/interactions.js";
import { deleted, type PersonalTable } from "../../platform/privacy/personal-table.js";

export const personalInteractions: readonly PersonalTable[] = [
  {
    table: interactions,
    customer: interactions.customerId,
    exported: "interactions",
    erased: deleted(interactions, interactions.customerId, "INTERACTION"),
  },
  {
    table: conversations,
    customer: conversations.customerId,
    exported: "conversations",
    erased: deleted(conversations, conversations.customerId, "CONVERSATION"),
  },
];
