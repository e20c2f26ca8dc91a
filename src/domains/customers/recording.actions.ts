import { setImmediate as nextTurn } from "node:timers/promises";
import type { Tx } from "../../platform/database/database.js";
import { sqlState } from "../../platform/database/errors.js";
import { ConcurrentChange } from "../../platform/database/retry.js";
import type { Refusal } from "../../platform/errors.js";
import { appendEvents } from "../../platform/events/events.js";
import { groupBy } from "../../platform/group.js";
import { type Id, type IdKind, newId } from "../../platform/ids.js";
import { claimRecords } from "../../platform/ingest/claims.js";
import { check } from "../../platform/input.js";
import {
  checkBatch,
  type Draft,
  type Fact,
  type Recorded,
  type Recording,
  RefusedItems,
  repeated,
  type SourceItem,
  typeOf,
  type WriteServices,
  type Written,
} from "./recording.rules.js";
import { lookUp } from "./reference.actions.js";
import { lockCustomers, registerSource } from "./reference.queries.js";
import { personErased } from "./reference.rules.js";
import { requestsOf, subjectsOf } from "./subject.actions.js";

/** Checked without a pause: other batches' statements wait for their answers and their next bytes meanwhile. */
const itemsPerTurn = 250;

/**
 * Records a batch of facts from one source in one transaction, each with its event: one result per item, in order.
 * Idempotent by (source, sourceRef). Bad items are refused on their own; a fault leaves nothing behind.
 */
export async function recordBatch<D extends SourceItem, K extends IdKind>(
  services: WriteServices,
  recording: Recording<D, K>,
  source: string,
  items: readonly unknown[],
): Promise<Recorded<K>[]> {
  checkBatch(source, items, services.maxBatchItems);
  const results: Recorded<K>[] = items.map((_, index) => ({
    index,
    outcome: "REJECTED",
    id: null,
    customerId: null,
    seq: null,
    error: null,
  }));
  const drafts: Draft<D, K>[] = [];
  const firsts = new Map<string, number>();
  const repeats = new Map<number, number>();
  for (const [index, input] of items.entries()) {
    if (index % itemsPerTurn === itemsPerTurn - 1) await nextTurn();
    const checked = check(recording.item, input);
    if ("refusal" in checked) {
      refuse(results, index, checked.refusal);
      continue;
    }
    const item = checked.value;
    const { record, id } = typeOf(recording, item);
    const first = firsts.get(`${record} ${item.sourceRef}`);
    if (first === undefined) {
      firsts.set(`${record} ${item.sourceRef}`, index);
      drafts.push({ index, id: newId(id), item });
    } else repeats.set(index, first);
  }
  const refusals = new Map<number, Refusal>();
  const outcome = await withoutRefused(services, drafts, refusals, (tx, accepted) =>
    record(tx, services, recording, source, accepted),
  );
  for (const result of outcome) results[result.index] = result;
  for (const [index, refusal] of refusals) refuse(results, index, refusal);
  for (const [index, first] of repeats) results[index] = repeated(index, results[first] as Recorded<K>);
  return results;
}

/**
 * Writes drafts in one transaction that holds only what is taken: where `write` throws RefusedItems it is rolled back and
 * runs again without them, and they are told in `refusals`.
 */
export async function withoutRefused<T extends { index: number }, R extends Recorded<IdKind>>(
  services: WriteServices,
  drafts: readonly T[],
  refusals: Map<number, Refusal>,
  write: (tx: Tx, accepted: readonly T[]) => Promise<R[]>,
): Promise<R[]> {
  for (let accepted = drafts; accepted.length > 0; ) {
    try {
      const outcome = await services.database.transaction(async (tx) => {
        const written = await write(tx, accepted).catch(findAgain);
        await services.trail?.changed(tx, changedBy(written));
        return written;
      });
      services.onCommitted();
      return outcome;
    } catch (error) {
      if (!(error instanceof RefusedItems)) throw error;
      for (const [index, refusal] of error.refusals) refusals.set(index, refusal);
      accepted = accepted.filter((draft) => !refusals.has(draft.index));
    }
  }
  return [];
}

/** Whose data changed. */
function changedBy(results: readonly Recorded<IdKind>[]): Id<"customer">[] {
  return results.flatMap(({ outcome, customerId }) =>
    outcome === "RECORDED" && customerId ? [customerId] : [],
  );
}

/** What was found is gone before it was locked, so its customer was erased meanwhile: the next run sees that. */
function findAgain(error: unknown): never {
  throw sqlState(error) === foreignKeyViolation
    ? new ConcurrentChange("a customer was erased", { cause: error })
    : error;
}

const foreignKeyViolation = "23503";

async function record<D extends SourceItem, K extends IdKind>(
  tx: Tx,
  services: WriteServices,
  recording: Recording<D, K>,
  source: string,
  drafts: readonly Draft<D, K>[],
): Promise<Recorded<K>[]> {
  const claiming = Promise.all([claim(tx, source, recording, drafts), registerSource(tx, source)]);
  const requests = requestsOf(source, recording, drafts);
  const lookedUp = recording.anchorsAll ? null : lookUp(tx, source, services.phoneRegion, requests);
  const refusing = toldLater(recording.refused?.(tx, drafts) ?? noneRefused);
  const [known] = await claiming;
  const fresh = known.size ? drafts.filter((draft) => !known.has(draft.index)) : drafts;
  refuseFresh(fresh, await refusing);
  const { facts, created, made, done } = await subjectsOf(tx, services, recording, source, fresh, lookedUp);
  // A transaction's statements run in the order of sending: what is sent behind the locks runs under them.
  const coming = toldLater(services.turn?.come(tx) ?? ready);
  const locking = toldLater(lock(tx, facts));
  const writing = toldLater(facts.length ? recording.write(tx, source, facts) : nothingWritten);
  writing.then((begun) => void (begun.done && toldLater(begun.done)), ignored);
  await done;
  await coming;
  const seqs = await locking;
  services.turn?.hold(made);
  const written = await writing;
  if (written.refusals?.size) throw new RefusedItems(written.refusals);
  const [appended] = await Promise.all([
    appendEvents(tx, [...created, ...written.events], seqs),
    written.done,
  ]);
  const places = new Map(written.events.map((event, i) => [event.index, appended[created.length + i]]));
  return drafts.map(({ index, id }) => {
    const duplicate = known.get(index);
    const place = places.get(index);
    return {
      index,
      outcome: duplicate ? "DUPLICATE" : "RECORDED",
      id: duplicate ?? id,
      customerId: place?.customerId ?? null,
      seq: place?.seq ?? null,
      error: null,
    };
  });
}

const noneRefused: Promise<ReadonlyMap<number, Refusal>> = Promise.resolve(new Map());
const nothingWritten: Promise<Written> = Promise.resolve({ events: [] });
const ready: Promise<void> = Promise.resolve();
const ignored = () => {};

/** What was recorded before is a duplicate, even where it would be refused today. */
function refuseFresh(fresh: readonly { index: number }[], refusals: ReadonlyMap<number, Refusal>): void {
  if (refusals.size === 0) return;
  const indexes = new Set(fresh.map(({ index }) => index));
  const refused = [...refusals].filter(([index]) => indexes.has(index));
  if (refused.length) throw new RefusedItems(new Map(refused));
}

/** Its failure is met where it is awaited; where an earlier one is told instead, it is that one's consequence. */
function toldLater<T>(step: Promise<T>): Promise<T> {
  step.catch(ignored);
  return step;
}

/** The ids of drafts that were recorded before, by index. Records are claimed in name order: no two batches deadlock. */
async function claim<D extends SourceItem, K extends IdKind>(
  tx: Tx,
  source: string,
  recording: Recording<D, K>,
  drafts: readonly Draft<D, K>[],
): Promise<Map<number, Id<K>>> {
  const known = new Map<number, Id<K>>();
  const byRecord = groupBy(drafts, (draft) => typeOf(recording, draft.item).record);
  for (const record of [...byRecord.keys()].toSorted()) {
    const group = byRecord.get(record) as Draft<D, K>[];
    const ids = await claimRecords(tx, source, typeOf(recording, (group[0] as Draft<D, K>).item), group);
    if (ids.size === 0) continue;
    for (const { index, item } of group) {
      const id = ids.get(item.sourceRef);
      if (id) known.set(index, id);
    }
  }
  return known;
}

/**
 * Row locks in key order; a customer that was merged away since it was looked up starts the transaction again. Throws
 * RefusedItems for facts about whoever was erased: no writer gets past this lock, so an erased customer stays empty.
 */
export async function lock(
  tx: Tx,
  facts: readonly Pick<Fact<SourceItem, IdKind>, "index" | "customerId">[],
): Promise<Map<Id<"customer">, number>> {
  const ids = [...new Set(facts.map((fact) => fact.customerId))];
  const rows = ids.length ? await lockCustomers(tx, ids) : [];
  if (rows.length < ids.length || rows.some((row) => row.mergedInto))
    throw new ConcurrentChange("a customer was merged");
  const erased = new Set(rows.filter((row) => row.erasedAt).map((row) => row.id));
  if (erased.size) {
    const late = facts.filter((fact) => erased.has(fact.customerId));
    throw new RefusedItems(new Map(late.map(({ index }) => [index, personErased])));
  }
  return new Map(rows.map((row) => [row.id, row.seq]));
}

function refuse(results: { error: Refusal | null }[], index: number, refusal: Refusal): void {
  (results[index] as { error: Refusal | null }).error = refusal;
}
