import { and, asc, desc, eq, lte, or, sql } from "drizzle-orm";
import { customers } from "#schema/customers.js";
import { type PrivacyRequestRow, privacyRequests, type ReceiptLine } from "#schema/privacy.js";
import type { Queryable, Tx } from "../../platform/database/database.js";
import type { Listing } from "../../platform/database/page.js";
import { byIds } from "../../platform/database/statement.js";
import { orderKey } from "../../platform/graphql/sorting.js";
import { type Id, newId } from "../../platform/ids.js";

/** All requests, the newest first. */
export const privacyRequestListing: Listing = {
  table: privacyRequests,
  order: [orderKey("id", privacyRequests.id, "DESC")],
  filter: {
    customerId: privacyRequests.customerId,
    kind: privacyRequests.kind,
    status: privacyRequests.status,
    requestedAt: privacyRequests.requestedAt,
  },
};

type Kind = PrivacyRequestRow["kind"];
const open = sql`${privacyRequests.status} in ('RECEIVED', 'RUNNING')`;

/** The person behind an id: the survivor of a merge, and whether they are erased already. Undefined: nobody. */
export async function selectPerson(db: Queryable, customerId: Id<"customer">) {
  const find = (id: Id<"customer">) => db.select().from(customers).where(eq(customers.id, id));
  const [row] = await find(customerId);
  const [survivor] = row?.mergedInto ? await find(row.mergedInto) : [row];
  return survivor && { id: survivor.id, erasedAt: survivor.erasedAt };
}

/** The ids that lead to this person: their own, and those merged into it, in key order. */
export async function selectIdsOfPerson(
  db: Queryable,
  customerId: Id<"customer">,
): Promise<Id<"customer">[]> {
  const rows = await db
    .select({ id: customers.id })
    .from(customers)
    .where(or(eq(customers.id, customerId), eq(customers.mergedInto, customerId)))
    .orderBy(asc(customers.id));
  return rows.map(({ id }) => id);
}

/** Opens a request, or finds the one of this kind that is open: the unique index decides between twins. */
export async function openRequest(
  tx: Tx,
  request: { kind: Kind; customerId: Id<"customer">; requestedBy: string },
): Promise<PrivacyRequestRow> {
  const { kind, customerId } = request;
  for (;;) {
    const [made] = await tx
      .insert(privacyRequests)
      .values({ id: newId("privacyRequest"), ...request })
      .onConflictDoNothing()
      .returning();
    if (made) return made;
    const [known] = await tx
      .select()
      .from(privacyRequests)
      .where(and(eq(privacyRequests.customerId, customerId), eq(privacyRequests.kind, kind), open));
    if (known) return known; // else it was finished between the two statements
  }
}

/** The last request of a kind that is done: of an erasure, the receipt. */
export async function selectLastDone(db: Queryable, kind: Kind, customerId: Id<"customer">) {
  const [row] = await db
    .select()
    .from(privacyRequests)
    .where(
      and(
        eq(privacyRequests.customerId, customerId),
        eq(privacyRequests.kind, kind),
        eq(privacyRequests.status, "DONE"),
      ),
    )
    .orderBy(desc(privacyRequests.id))
    .limit(1);
  return row;
}

export async function selectRequest(
  db: Queryable,
  id: Id<"privacyRequest">,
): Promise<PrivacyRequestRow | undefined> {
  const [row] = await db.select().from(privacyRequests).where(eq(privacyRequests.id, id));
  return row;
}

/** Requests that wait for work, the longest waiting first. Nothing is locked yet. */
export function selectDueRequests(db: Queryable, limit: number) {
  return db
    .select({ id: privacyRequests.id, customerId: privacyRequests.customerId })
    .from(privacyRequests)
    .where(and(open, lte(privacyRequests.tryAfter, sql`now()`)))
    .orderBy(asc(privacyRequests.tryAfter))
    .limit(limit);
}

/** The request, locked, where it is still open and no other node is at it; else undefined. */
export async function takeRequest(
  tx: Tx,
  { id, customerId }: Pick<PrivacyRequestRow, "id" | "customerId">,
): Promise<PrivacyRequestRow | undefined> {
  const [row] = await tx
    .select()
    .from(privacyRequests)
    .where(
      and(
        eq(privacyRequests.id, id),
        eq(privacyRequests.customerId, customerId),
        open,
        lte(privacyRequests.tryAfter, sql`now()`),
      ),
    )
    .for("update", { skipLocked: true });
  return row;
}

/** Writes down how far a request is. The caller holds its lock. */
export async function saveRequest(
  tx: Tx,
  { id, customerId }: Pick<PrivacyRequestRow, "id" | "customerId">,
  change: Partial<Pick<PrivacyRequestRow, "status" | "step" | "failures" | "errorCode">> & {
    receipt?: readonly ReceiptLine[];
    /** Not before so many milliseconds. */
    pauseMs?: number;
  },
): Promise<void> {
  const { pauseMs, receipt, ...rest } = change;
  const ended = change.status === "DONE" || change.status === "FAILED";
  await tx
    .update(privacyRequests)
    .set({
      ...rest,
      ...(receipt && { receipt: [...receipt] }),
      ...(pauseMs !== undefined && { tryAfter: sql`now() + ${pauseMs} * interval '1 millisecond'` }),
      ...(ended && { finishedAt: sql`now()` }),
      startedAt: sql`coalesce(${privacyRequests.startedAt}, now())`,
    })
    .where(and(eq(privacyRequests.id, id), eq(privacyRequests.customerId, customerId)));
}

export const selectRequestsByIds = byIds("privacyRequests.byIds", privacyRequests);
