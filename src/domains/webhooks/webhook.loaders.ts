import type { WebhookDeliveryRow } from "#schema/webhooks.js";
import type { Database } from "../../platform/database/database.js";
import type { Id } from "../../platform/ids.js";
import { lazyLoaders, loadCount, loadPage } from "../../platform/loaders.js";
import { deliveriesOfWebhook, selectPendingCounts } from "./delivery.queries.js";

export function webhookLoaders(db: Database["read"]) {
  return lazyLoaders({
    deliveryPageByWebhook: () => loadPage<WebhookDeliveryRow>(db, deliveriesOfWebhook),
    pendingCountByWebhook: () => loadCount((ids: readonly Id<"webhook">[]) => selectPendingCounts(db, ids)),
  });
}
