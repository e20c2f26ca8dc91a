import { getTableName, sql } from "drizzle-orm";
import type { PrivacyRequestRow, ReceiptLine } from "#schema/privacy.js";
import type { Database, Tx } from "../../platform/database/database.js";
import { ApiError } from "../../platform/errors.js";
import type { Id } from "../../platform/ids.js";
import {
  countPersonalRows,
  type PersonalTable,
  selectPersonalRows,
} from "../../platform/privacy/personal-table.js";
import { nowInstant } from "../../platform/time.js";
import { personalTables } from "./personal-data.js";
import { withLines } from "./receipt.js";
import { saveRequest, selectIdsOfPerson } from "./request.queries.js";

/** Where documents are read; the id of the request follows. */
export const exportsPath = "/privacy/exports/";
/** How long an export can be read: it is made anew from the tables each time, so nothing is kept meanwhile. */
export const exportReadableMs = 7 * 24 * 3600 * 1000;
/** One person's rows are a few megabytes at most; more than this is no person, and would fill the node's memory. */
const maxExportBytes = 64 * 1024 * 1024;
const rowsAtOnce = 1_000;

/** The name and version of the document's shape (docs/privacy.md). */
const format = { format: "customer-360/customer-export", version: 1 } as const;

/** Does the work of an export request: counts what there is. The document itself is made when somebody reads it. */
export async function countForExport(tx: Tx, request: PrivacyRequestRow): Promise<void> {
  const ids = await selectIdsOfPerson(tx, request.customerId);
  const lines: ReceiptLine[] = [];
  for (const personal of exportedTables()) {
    for (const id of ids) {
      const rows = await countPersonalRows(tx, personal.described, id);
      lines.push({ table: getTableName(personal.described.table), action: "EXPORTED", rows });
    }
  }
  await saveRequest(tx, request, { status: "DONE", receipt: withLines([], lines), errorCode: null });
}

/** Until when the document of a request can be read; null where there is none to read. */
export function readableUntil({ kind, status, finishedAt }: PrivacyRequestRow): string | null {
  if (kind !== "EXPORT" || status !== "DONE" || !finishedAt) return null;
  return new Date(Date.parse(finishedAt) + exportReadableMs).toISOString();
}

/**
 * Everything known of the customer, as one JSON document: one list of rows per table, all from one snapshot. Throws
 * PAYLOAD_TOO_LARGE.
 */
export async function renderExport(database: Database, request: PrivacyRequestRow): Promise<Buffer> {
  return database.transaction(async (tx) => {
    await tx.execute(sql`set transaction isolation level repeatable read, read only`);
    const ids = await selectIdsOfPerson(tx, request.customerId);
    const { id: requestId, customerId } = request;
    const head = { ...format, requestId, customerId, customerIds: ids, renderedAt: nowInstant() };
    const text = new BoundedText(`${JSON.stringify(head).slice(0, -1)},"data":{`);
    let comma = "";
    for (const { name, described } of exportedTables()) {
      text.add(`${comma}\n${JSON.stringify(name)}:[`);
      await addRows(tx, text, described, ids);
      text.add("]");
      comma = ",";
    }
    text.add("\n}}\n");
    return text.bytes();
  });
}

async function addRows(tx: Tx, text: BoundedText, described: PersonalTable, ids: readonly Id<"customer">[]) {
  let comma = "";
  for (const id of ids) {
    for (let after: Record<string, unknown> | null = null; ; ) {
      const rows = await selectPersonalRows(tx, described, id, after, rowsAtOnce);
      for (const row of rows) {
        text.add(`${comma}\n${JSON.stringify(row)}`);
        comma = ",";
      }
      if (rows.length < rowsAtOnce) break;
      after = rows.at(-1) ?? null;
    }
  }
}

function exportedTables(): { name: string; described: PersonalTable }[] {
  return personalTables.flatMap((described) =>
    typeof described.exported === "string" ? [{ name: described.exported, described }] : [],
  );
}

class BoundedText {
  private readonly pieces: Buffer[] = [];
  private size = 0;

  constructor(start: string) {
    this.add(start);
  }

  add(text: string): void {
    const piece = Buffer.from(text);
    this.size += piece.length;
    if (this.size > maxExportBytes)
      throw new ApiError("PAYLOAD_TOO_LARGE", `An export may have at most ${maxExportBytes} bytes.`, {
        http: { status: 413 },
      });
    this.pieces.push(piece);
  }

  bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}
