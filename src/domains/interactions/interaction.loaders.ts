import type { ConversationRow, InteractionRow } from "#schema/interactions.js";
import type { Database } from "../../platform/database/database.js";
import type { Id } from "../../platform/ids.js";
import { lazyLoaders, loadOne, loadPage } from "../../platform/loaders.js";
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
    byId: () =>
      loadOne(
        (ids: readonly Id<"interaction">[]) => selectInteractionsByIds(db, ids),
        (row) => row.id,
      ),
    conversationById: () =>
      loadOne(
        (ids: readonly Id<"conversation">[]) => selectConversationsByIds(db, ids),
        (row) => row.id,
      ),
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
