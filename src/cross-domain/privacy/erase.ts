import { getTableName } from "drizzle-orm";
import type { PrivacyRequestRow, ReceiptLine } from "#schema/privacy.js";
import { lockCustomers } from "../../domains/customers/reference.queries.js";
import type { Tx } from "../../platform/database/database.js";
import { appendEvents } from "../../platform/events/events.js";
import { forgetAnswers } from "../../platform/idempotency/idempotent-requests.js";
import type { Suppressions } from "../../platform/privacy/suppressions.js";
import { nowInstant } from "../../platform/time.js";
import { behindEntrance, personalTables } from "./personal-data.js";
import { withLines } from "./receipt.js";
import { saveRequest, selectIdsOfPerson } from "./request.queries.js";

/** Rows that one transaction erases: some tens of milliseconds, so that nobody waits long for a lock of it. */
export const erasedAtOnce = 1_000;

/**
 * One bounded piece of an erasure, with its part of the receipt, in the transaction that holds the request. Killed anywhere,
 * it is as if the piece had not begun. The first piece ends at the entrance: writers touch a person's rows before they lock
 * the customer, so rows are not waited for while that lock is held. The last piece ends the event stream with CUSTOMER_ERASED.
 */
export async function eraseOn(tx: Tx, suppressions: Suppressions, request: PrivacyRequestRow): Promise<void> {
  const ids = await selectIdsOfPerson(tx, request.customerId);
  const known = personalTables.findIndex(({ table }) => getTableName(table) === request.step);
  const from = Math.max(known, 0);
  const lines: ReceiptLine[] = [];
  let left = erasedAtOnce;
  let step = request.step;
  for (const [index, { table, erased }] of personalTables.entries()) {
    if (index < from || "not" in erased) continue;
    step = getTableName(table);
    if (index >= behindEntrance && from < behindEntrance) return goOnLater();
    for (const id of ids) {
      const { rows, along } = await erased.step(tx, suppressions, id, left);
      lines.push({ table: step, action: erased.action, rows }, ...along);
      left -= rows;
      if (left > 0) continue;
      return goOnLater();
    }
  }
  // After all rows: no answer that is given from now on can speak of the person.
  left -= await forgetAnswers(tx, left);
  if (left <= 0) return goOnLater();
  const [last] = await lockCustomers(tx, [request.customerId]);
  const seqs = new Map([[request.customerId, last?.seq ?? 0]]);
  const ended = {
    customerId: request.customerId,
    type: "CUSTOMER_ERASED" as const,
    subjectId: null,
    occurredAt: nowInstant(),
  };
  await appendEvents(tx, [ended], seqs);
  await saveRequest(tx, request, {
    status: "DONE",
    receipt: withLines(request.receipt, lines),
    errorCode: null,
  });

  function goOnLater() {
    const receipt = withLines(request.receipt, lines);
    return saveRequest(tx, request, { status: "RUNNING", step, receipt, failures: 0 });
  }
}
