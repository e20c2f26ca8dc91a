import type { Database } from "../../platform/database/database.js";
import { lazyLoaders, loadById } from "../../platform/loaders.js";
import { selectRequestsByIds } from "./request.queries.js";

export function privacyLoaders(db: Database["read"]) {
  return lazyLoaders({ requestById: () => loadById(db, selectRequestsByIds) });
}
