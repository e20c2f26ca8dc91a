import type { Tx } from "../../platform/database/database.js";
import type { IdKind } from "../../platform/ids.js";
import { recordName } from "../../platform/privacy/suppressions.js";
import {
  type Anchor,
  type Draft,
  type Fact,
  type Recording,
  RefusedItems,
  type SourceItem,
  typeOf,
  type WriteServices,
} from "./recording.rules.js";
import { type LookedUp, lookUp, resolveReferences, type Subject } from "./reference.actions.js";
import type { ReferenceRequest } from "./reference.rules.js";

/** Whom each draft is about: by the record it belongs to, else by its reference. */
export async function subjectsOf<D extends SourceItem, K extends IdKind>(
  tx: Tx,
  services: WriteServices,
  recording: Recording<D, K>,
  source: string,
  drafts: readonly Draft<D, K>[],
  lookedUp: LookedUp | null,
) {
  if (hangOnOthers(recording, drafts)) await services.turn?.come(tx);
  const anchors =
    drafts.length && recording.anchor
      ? await recording.anchor(tx, source, drafts)
      : new Map<number, Anchor>();
  const loose = drafts.filter((draft) => !anchors.has(draft.index));
  const requests = requestsOf(source, recording, loose);
  const known = lookedUp ?? lookUp(tx, source, services.phoneRegion, requests);
  const resolved = await resolveReferences(tx, source, requests, known, services);
  const subjects = new Map(resolved.subjects);
  for (const [index, anchor] of anchors) {
    if ("refusal" in anchor) resolved.refusals.set(index, anchor.refusal);
    else if ("customerId" in anchor) subjects.set(index, anchor);
  }
  for (const [index, anchor] of anchors) {
    const subject = "sameAs" in anchor ? subjects.get(anchor.sameAs) : undefined;
    if (subject) subjects.set(index, subject);
  }
  if (resolved.refusals.size) throw new RefusedItems(resolved.refusals);
  const facts = drafts.map(({ index, id, item }): Fact<D, K> => {
    const { customerId, profileId } = subjects.get(index) as Subject;
    return { index, id, item, customerId, profileId };
  });
  const { created, made, done } = resolved;
  return { facts, created, made, done };
}

/** Whether one of these may belong to a record that a batch before brings. */
function hangOnOthers<D extends SourceItem, K extends IdKind>(
  { anchor, partOf }: Recording<D, K>,
  drafts: readonly Draft<D, K>[],
): boolean {
  return anchor !== undefined && (!partOf || drafts.some(({ item }) => partOf(item)));
}

/** What the references of these drafts ask for. */
export function requestsOf<D extends SourceItem, K extends IdKind>(
  source: string,
  recording: Recording<D, K>,
  drafts: readonly Draft<D, K>[],
): ReferenceRequest[] {
  return drafts.map(({ index, item }) => ({
    index,
    reference: item.customer,
    occurredAt: item.occurredAt,
    recordNames() {
      const own = { record: typeOf(recording, item).record, sourceRef: item.sourceRef };
      const whole = recording.partOf?.(item);
      return (whole ? [own, whole] : [own]).map((of) => recordName(source, of.record, of.sourceRef));
    },
  }));
}
