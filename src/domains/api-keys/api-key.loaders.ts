import type { Database } from "../../platform/database/database.js";
import { lazyLoaders, loadById } from "../../platform/loaders.js";
import { selectApiKeysByIds } from "./api-key.queries.js";

export function apiKeyLoaders(db: Database["read"]) {
  return lazyLoaders({ byId: () => loadById(db, selectApiKeysByIds) });
}
