import type { Database } from "../../platform/database/database.js";
import { lazyLoaders, loadById } from "../../platform/loaders.js";
import { selectAuditEntriesByIds } from "./audit.queries.js";

export function auditLoaders(db: Database["read"]) {
  return lazyLoaders({ byId: () => loadById(db, selectAuditEntriesByIds) });
}
