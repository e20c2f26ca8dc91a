import type { z } from "zod";
import type { recordKind } from "#schema/ingest.js";
import type { Trail } from "../../platform/audit/audit-log.js";
import type { Database, Tx } from "../../platform/database/database.js";
import { ApiError, type Refusal } from "../../platform/errors.js";
import type { NewEvent } from "../../platform/events/events.js";
import type { Id, IdKind } from "../../platform/ids.js";
import { check, codeText } from "../../platform/input.js";
import { maxBatchItems } from "../../platform/limits.js";
import type { Suppressions } from "../../platform/privacy/suppressions.js";
import type { Subject } from "./reference.actions.js";
import type { CustomerReference } from "./reference.rules.js";

/** What a write needs from the process. */
export interface WriteServices {
  database: Database;
  phoneRegion: string | null;
  /** Who and what was erased and must not come back. */
  suppressions: Suppressions;
  /** Called after each commit that appended events, so that they reach subscribers at once. */
  onCommitted(): void;
  /** Where it is written down whose data is changed; nowhere when left out: imports are the operator's own. */
  trail?: Pick<Trail, "changed"> | null;
  /** Items in one batch; `maxBatchItems` when left out. */
  maxBatchItems?: number;
  /** The place of this batch among others that follow each other; none when left out. */
  turn?: Turn | null;
}

/** For batches whose order counts: one claims and resolves while the batch before it writes, then waits for its end. */
export interface Turn {
  /** Sent before it returns. What is sent behind it runs when the batch before has ended, and finds what that one wrote. */
  come(tx: Tx): Promise<void>;
  /** What the batch before has made; null when that is committed. */
  readonly ahead: Made | null;
  /** This batch holds the locks of all its customers: the next may begin. */
  hold(made: Made): void;
}

/**
 * Whom a batch has made and not committed yet. No other transaction sees them: who waited for one of their keys would wait
 * for the commit, and the next batch nearly always has one. It may count on them, for it is undone where they are.
 */
export interface Made {
  /** By identity, the customer that holds it. */
  holders: ReadonlyMap<string, Id<"customer">>;
  /** By customer and reference, the profile. */
  profiles: ReadonlyMap<string, Id<"profile">>;
}

export const nothingMade: Made = { holders: new Map(), profiles: new Map() };

/** What every item of a batch has; `occurredAt` is when it happened in the world. */
export interface SourceItem {
  sourceRef: string;
  customer: CustomerReference;
  occurredAt: string;
}

/** An item on its way in: checked, new to us, with the id it will have. */
export interface Draft<D, K extends IdKind> {
  index: number;
  id: Id<K>;
  item: D;
}

export type Fact<D, K extends IdKind> = Draft<D, K> & Subject;

/** What a reference names at its source: references of different records never clash. */
export interface RecordType<K extends IdKind> {
  record: (typeof recordKind.enumValues)[number];
  id: K;
}

/** A record by its source's own reference. */
export interface RecordReference {
  record: RecordType<IdKind>["record"];
  sourceRef: string;
}

/** Whom an item is about: a subject, whoever another item of the batch is about, or nobody it may be about. */
export type Anchor = Subject | { sameAs: number } | { refusal: Refusal };

/** One sort of fact that sources send, and how it is written. */
export interface Recording<D extends SourceItem, K extends IdKind> extends RecordType<K> {
  item: z.ZodType<D>;
  /** For a batch that mixes records: which one this item becomes. Left out, all become `record`. */
  typeOf?(item: D): RecordType<K>;
  /** The other record that an item hangs on, by the same source's reference: a stranger's item is gone where that was erased. */
  partOf?(item: D): RecordReference | null;
  /** Anchors of items that belong to a record we already have; the others are resolved by reference. */
  anchor?(tx: Tx, source: string, drafts: readonly Draft<D, K>[]): Promise<Map<number, Anchor>>;
  /** `anchor` tells of every item: their references are not looked up apart. */
  anchorsAll?: boolean;
  /** Items that are refused whoever they are about: asked beside the look-ups, before customers are locked. */
  refused?(tx: Tx, drafts: readonly Draft<D, K>[]): Promise<ReadonlyMap<number, Refusal>>;
  /** Writes the facts under the row locks of their customers; tells what else is refused, and the events in order. */
  write(tx: Tx, source: string, facts: readonly Fact<D, K>[]): Promise<Written>;
}

export interface Written {
  events: readonly (NewEvent & { index: number })[];
  /** Statements sent and not waited for: the events go out behind them, and both are done before the commit. */
  done?: Promise<unknown>;
  refusals?: ReadonlyMap<number, Refusal>;
}

/** Ends a transaction that found items it must not take. */
export class RefusedItems extends Error {
  constructor(readonly refusals: ReadonlyMap<number, Refusal>) {
    super(`${refusals.size} items are refused`);
    if (refusals.size === 0) throw new Error("a refusal names at least one item");
  }
}

/** What became of one item. `seq` numbers its event among the customer's. */
export interface Recorded<K extends IdKind> {
  index: number;
  outcome: "RECORDED" | "DUPLICATE" | "REJECTED";
  id: Id<K> | null;
  customerId: Id<"customer"> | null;
  seq: number | null;
  error: Refusal | null;
}

/** A batch that may not even be looked at: a bad source code, too many items. Throws. */
export function checkBatch(source: string, items: readonly unknown[], max = maxBatchItems): void {
  const checked = check(codeText, source);
  if ("refusal" in checked)
    throw new ApiError("BAD_USER_INPUT", `source ${checked.refusal.message.slice(5)}`, { field: "source" });
  if (items.length > max) {
    throw new ApiError(
      "BATCH_TOO_LARGE",
      `A batch holds at most ${max} items; this one has ${items.length}.`,
    );
  }
}

/** An item that repeats a reference of its own batch is a duplicate of the first, or fails as the first did. */
export function repeated<K extends IdKind>(index: number, first: Recorded<K>): Recorded<K> {
  return first.outcome === "RECORDED"
    ? { ...first, index, outcome: "DUPLICATE", seq: null }
    : { ...first, index };
}

/** Which record an item becomes. */
export function typeOf<D extends SourceItem, K extends IdKind>(
  recording: Recording<D, K>,
  item: D,
): RecordType<K> {
  return recording.typeOf?.(item) ?? recording;
}
