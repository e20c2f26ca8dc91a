import type { FeedbackRow } from "#schema/feedback.js";
import type { Database } from "../../platform/database/database.js";
import { lazyLoaders, loadById, loadPage } from "../../platform/loaders.js";
import { customerFeedback, selectFeedbackByIds } from "./feedback.queries.js";

export function feedbackLoaders(db: Database["read"]) {
  return lazyLoaders({
    byId: () => loadById(db, selectFeedbackByIds),
    pageByCustomer: () => loadPage<FeedbackRow>(db, customerFeedback),
  });
}
