import type { FeedbackRow } from "#schema/feedback.js";
import type { Database } from "../../platform/database/database.js";
import type { Id } from "../../platform/ids.js";
import { lazyLoaders, loadOne, loadPage } from "../../platform/loaders.js";
import { customerFeedback, selectFeedbackByIds } from "./feedback.queries.js";

export function feedbackLoaders(db: Database["read"]) {
  return lazyLoaders({
    byId: () =>
      loadOne(
        (ids: readonly Id<"feedback">[]) => selectFeedbackByIds(db, ids),
        (row) => row.id,
      ),
    pageByCustomer: () => loadPage<FeedbackRow>(db, customerFeedback),
  });
}
