import type { History, StoredEvent, Subscriber } from "./history.js";

/** A server that only passes events on keeps far below; one that hoards them goes far above. */
export const maxServerMb = 400;
/** So long after its key was changed a subscriber may still get what was recorded. */
const accessMs = 1_000;
/** Findings of one kind that are told one by one. */
const maxTold = 5;

/** What contradicts the guarantees in a history; nothing when they held. */
export function check(history: History): string[] {
  return [
    ...acknowledgedIsStored(history),
    ...storedWasAttempted(history),
    ...factsAndEventsBelongTogether(history),
    ...seqIsContiguous(history),
    ...posIsContiguous(history),
    ...history.subscribers.flatMap((subscriber) => [
      ...deliveredRight(history, subscriber),
      ...deliveredToTheRight(history, subscriber),
    ]),
    ...serversAreWell(history),
  ];
}

function acknowledgedIsStored({ attempts, facts }: History): string[] {
  const ids = new Map(facts.map(({ ref, id }) => [ref, id]));
  const acknowledged = attempts.filter(({ outcome }) => outcome === "ok");
  return [
    ...told(
      "acknowledged, but not stored",
      acknowledged.filter(({ ref }) => !ids.has(ref)).map(({ ref }) => ref),
    ),
    ...told(
      "acknowledged under another id than the stored one",
      acknowledged
        .filter((attempt) => ids.has(attempt.ref) && attempt.ids.some((id) => id !== ids.get(attempt.ref)))
        .map(({ ref }) => ref),
    ),
  ];
}

function storedWasAttempted({ attempts, facts }: History): string[] {
  const outcomes = new Map(attempts.map(({ ref, outcome }) => [ref, outcome]));
  return [
    ...told(
      "stored, but never sent",
      facts.filter(({ ref }) => !outcomes.has(ref)).map(({ ref }) => ref),
    ),
    ...told(
      "refused, but stored",
      facts.filter(({ ref }) => outcomes.get(ref) === "fail").map(({ ref }) => ref),
    ),
    ...told(
      "answered wrongly",
      attempts
        .filter(({ isBad = false, outcome }) => outcome === (isBad ? "ok" : "fail"))
        .map(({ ref }) => ref),
    ),
    ...told("stored twice", doubles(facts.map(({ ref }) => ref))),
  ];
}

/** A fact without its event, or an event without its fact, was left by a transaction that was not whole. */
function factsAndEventsBelongTogether({ facts, events }: History): string[] {
  const subjects = events.filter(({ type }) => type === "INTERACTION_RECORDED").map((e) => e.subjectId ?? "");
  const ids = new Set(facts.map(({ id }) => id));
  const named = new Set(subjects);
  return [
    ...told(
      "stored without an event",
      facts.filter(({ id }) => !named.has(id)).map(({ ref }) => ref),
    ),
    ...told(
      "an event without what it is about",
      subjects.filter((id) => !ids.has(id)),
    ),
    ...told("two events of one fact", doubles(subjects)),
  ];
}

function seqIsContiguous({ events, customers }: History): string[] {
  const seqs = new Map(customers.map(({ id }) => [id, [] as number[]]));
  for (const { customerId, seq } of events) seqs.get(customerId)?.push(seq);
  const broken = customers.filter(({ id, seq }) => {
    const own = (seqs.get(id) as number[]).sort((a, b) => a - b);
    return own.length !== seq || own.some((value, index) => value !== index + 1);
  });
  return told(
    "seq is not 1, 2, 3 … up to the customer's",
    broken.map(({ id }) => id),
  );
}

function posIsContiguous({ events, head }: History): string[] {
  const stamped = events.filter(({ pos }) => pos !== null).sort((a, b) => a.pos! - b.pos!);
  const lastSeq = new Map<string, number>();
  const overtaken = stamped.filter(({ customerId, seq }) => {
    const before = lastSeq.get(customerId) ?? 0;
    lastSeq.set(customerId, seq);
    return seq < before;
  });
  const first = stamped.findIndex(({ pos }, index) => pos !== index + 1);
  return [
    ...told("without a position", events.filter(({ pos }) => pos === null).map(nameOf)),
    ...(first >= 0 ? [`positions are not 1, 2, 3 …: ${stamped[first]?.pos} stands at ${first + 1}`] : []),
    ...(stamped.length !== head ? [`the head is ${head}, with ${stamped.length} events stamped`] : []),
    ...told("a customer's events in another order than their numbers", overtaken.map(nameOf)),
  ];
}

/**
 * Everything it asked for once and in feed order, from where it began up to the end, or until it lost its access; again only
 * after a resume.
 */
function deliveredRight({ events }: History, subscriber: Subscriber): string[] {
  const { name, beganAt, deliveries, type, lostAccessAt = null } = subscriber;
  const asked = events
    .filter((event) => type === undefined || event.type === type)
    .sort((a, b) => (a.pos ?? Number.MAX_SAFE_INTEGER) - (b.pos ?? Number.MAX_SAFE_INTEGER));
  const order = new Map(asked.map((event, index) => [nameOf(event), index + 1]));
  const unknown = deliveries.filter((delivery) => !order.has(nameOf(delivery)));
  const found: string[] = [];
  let connection = 0;
  let reached = asked.filter(({ pos }) => pos !== null && pos <= beganAt).length;
  for (const delivery of deliveries) {
    const pos = order.get(nameOf(delivery));
    if (pos === undefined) continue;
    const resumed = delivery.connection !== connection;
    connection = delivery.connection;
    const expected = reached + 1;
    if (pos > expected) found.push(`${nameOf(delivery)} came at ${pos} for ${expected}`);
    else if (pos < expected && !resumed)
      found.push(`${nameOf(delivery)} came again, or late, without a resume`);
    reached = pos; // after a resume a repeat may go back; from there on it must be in order again
  }
  const ended = lostAccessAt !== null || reached >= asked.length;
  const missing = ended ? [] : [`stopped at ${reached} of ${asked.length}`];
  return [
    ...told("delivered, but not stored", unknown.map(nameOf)),
    ...told("out of order", found),
    ...missing,
  ].map((finding) => `${name}: ${finding}`);
}

/** Nothing after its access has ended, and never what only another access class sees. */
function deliveredToTheRight({ attempts }: History, subscriber: Subscriber): string[] {
  const { name, deliveries, lostAccessAt = null, maySee } = subscriber;
  const sentAt = new Map(attempts.flatMap(({ ids, sentAt }) => ids.map((id) => [id, sentAt])));
  const endsAt = lostAccessAt === null ? Number.POSITIVE_INFINITY : lostAccessAt + accessMs;
  const late = deliveries.filter(({ subjectId }) => (sentAt.get(subjectId ?? "") ?? 0) > endsAt);
  const foreign = deliveries.filter(({ shown }) => shown !== undefined && maySee && !maySee.includes(shown));
  return [
    ...told("delivered after its access had ended", late.map(nameOf)),
    ...told(
      "shown what another class sees",
      foreign.map((delivery) => `${nameOf(delivery)} ${delivery.shown}`),
    ),
  ].map((finding) => `${name}: ${finding}`);
}

function serversAreWell({ servers }: History): string[] {
  return servers.flatMap(({ name, output, peakMb, crashes }) => [
    ...crashes,
    ...(/unhandled|uncaught/i.test(output) ? [`${name} printed an unhandled error`] : []),
    ...(peakMb > maxServerMb ? [`${name} took ${Math.round(peakMb)} MB`] : []),
  ]);
}

function nameOf({ customerId, seq }: Pick<StoredEvent, "customerId" | "seq">): string {
  return `${customerId}:${seq}`;
}

function doubles(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.filter((name) => seen.size === seen.add(name).size);
}

function told(what: string, found: readonly string[]): string[] {
  if (found.length === 0) return [];
  const more = found.length > maxTold ? ` and ${found.length - maxTold} more` : "";
  return [`${what} (${found.length}): ${found.slice(0, maxTold).join(", ")}${more}`];
}
