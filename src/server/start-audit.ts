import { randomUUID } from "node:crypto";
import { AuditLog } from "../platform/audit/audit-log.js";
import type { Database } from "../platform/database/database.js";
import { faultOf, type Logger } from "../platform/log.js";
import { counters } from "./feed-metrics.js";
import type { GroupOptions } from "./live/group.js";
import type { Metrics } from "./metrics.js";
import type { Opened } from "./opened.js";

export interface AuditSettings {
  /** What is written down of who reads or changes whose data; all when left out. */
  audit?: "all" | "changes" | "off";
  logger: Logger;
}

/** The audit log; null where nothing is written down. */
export function openAudit(
  database: Database,
  { audit = "all", logger }: AuditSettings,
  { registry }: Metrics,
  opened: Opened,
): AuditLog | null {
  if (audit === "off") return null;
  const onFault = (error: unknown) => logger.error(faultOf(error), "audit");
  const log = new AuditLog(database, { reads: audit === "all", onFault });
  const entries =
    "Entries of reads in the audit, by what became of them. Lost: the database took none for long.";
  counters(registry, "audit_entries_total", entries, "outcome", () => ({ ...log.entries }));
  // Twice: what was sent before, nobody knowing how that ended, may have come to be there during the first attempt.
  opened.add(() =>
    log
      .flush()
      .catch(() => log.flush())
      .catch(onFault),
  );
  return log;
}

/** Notes who begins to follow what: what is delivered later is shared by many. */
export function noteFollowing(audit: AuditLog | null): NonNullable<GroupOptions["onFollowed"]> {
  return ({ caller, document, operation }, { customerId }) => {
    const trail = audit?.trail(caller.keyId, randomUUID());
    trail?.runs(document, operation);
    trail?.subscribed(customerId ? [customerId] : []);
  };
}
