import type { ConversationRow, InteractionRow } from "#schema/interactions.js";
import type { Database } from "../../platform/database/database.js";
import { lazyLoaders, loadById, loadOne, loadPage } from "../../platform/loaders.js";
import {
  conversationInteractions,
  customerConversations,
  customerInteractions,
  selectChannelsByCodes,
  selectConversationsByIds,
  selectInteractionsByIds,
} from "./interaction.queries.js";

export function interactionLoaders(db: Database["read"]) {
  return lazyLoaders({
    byId: () => loadById(db, selectInteractionsByIds),
    conversationById: () => loadById(db, selectConversationsByIds),
    channelByCode: () =>
      loadOne(
        (codes: readonly string[]) => selectChannelsByCodes(db, codes),
        (row) => row.code,
      ),
    pageByCustomer: () => loadPage<InteractionRow>(db, customerInteractions),
    pageByConversation: () => loadPage<InteractionRow>(db, conversationInteractions),
    conversationPageByCustomer: () => loadPage<ConversationRow>(db, customerConversations),
  });
}
