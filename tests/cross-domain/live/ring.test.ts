import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { FeedEvent } from "../../../src/cross-domain/live/feed-event.js";
import { Ring } from "../../../src/cross-domain/live/ring.js";
import { toId } from "../../../src/platform/ids.js";
import { type CustomerId, nameOf } from "./given.js";

const ids = [1, 2, 3].map((n) => toId("customer", `0193a2b4-0000-7000-8000-00000000000${n}`));

test("the ring answers exactly what the tail of the log holds, and null for what it has dropped", () => {
  const writes = fc.array(fc.constantFrom(...ids), { maxLength: 40 });
  fc.assert(
    fc.property(writes, fc.integer({ min: 1, max: 12 }), fc.nat({ max: 5 }), (customers, capacity, start) => {
      const log = eventsOf(customers, start);
      const ring = new Ring(capacity, start);
      for (const event of log) ring.push(event);
      const kept = log.slice(-capacity);
      expect([ring.tail, ring.head]).toEqual([start + log.length - kept.length, start + log.length]);
      for (let position = start; position <= ring.head; position++) {
        const expected = log.filter(({ pos }) => pos > position).slice(0, 5);
        expect(ring.after(position, 5)).toEqual(position < ring.tail ? null : expected);
      }
      for (const id of ids) expectCustomer(ring, id, log, kept);
    }),
  );
});

test("with the end of who was erased, their events in memory become what the log has: places without content", () => {
  const [erased, other] = [ids[0]!, ids[1]!];
  const ring = new Ring(8, 0);
  const content = {
    type: "INTERACTION_RECORDED",
    subjectId: "int_1",
    subjectKind: "interaction",
    payload: { a: 1 },
  };
  const times = { occurredAt: "2026-11-01T10:00:00Z", recordedAt: "2026-11-02T10:00:00Z" };
  const events = eventsOf([erased, other, erased], 0).map(
    (event) => ({ ...event, ...content, ...times }) as FeedEvent,
  );
  const [end] = eventsOf([erased, erased, erased], 3)
    .slice(2)
    .map((event) => ({ ...event, pos: 4, type: "CUSTOMER_ERASED" }) as FeedEvent);
  for (const event of [...events, end!]) ring.push(event);
  const blank = {
    type: "EVENT_ERASED",
    subjectId: null,
    subjectKind: null,
    payload: null,
    occurredAt: times.recordedAt,
  };
  const expected = [{ ...events[0], ...blank }, events[1], { ...events[2], ...blank }, end];
  expect(ring.after(0, 8)).toEqual(expected);
  expect(ring.customerAfter(erased, 0, 8)?.map(({ type }) => type)).toEqual([
    "EVENT_ERASED",
    "EVENT_ERASED",
    "CUSTOMER_ERASED",
  ]);
});

test("an event that does not follow the head is refused", () => {
  const ring = new Ring(4, 10);
  const [first] = eventsOf([ids[0]!], 11);
  expect(() => ring.push(first!)).toThrow("event 12 does not follow 10");
});

function expectCustomer(ring: Ring, id: CustomerId, log: FeedEvent[], kept: FeedEvent[]): void {
  const own = log.filter(({ customerId }) => customerId === id);
  const ownKept = kept.filter(({ customerId }) => customerId === id);
  expect(ring.lastOf(id)?.seq).toBe(ownKept.at(-1)?.seq);
  for (let seq = 0; seq <= own.length; seq++) {
    const expected = own.slice(seq);
    const isKept = ownKept.length > 0 && expected.length <= ownKept.length;
    expect(ring.customerAfter(id, seq, 100)?.map(nameOf)).toEqual(isKept ? expected.map(nameOf) : undefined);
  }
}

function eventsOf(customers: CustomerId[], start: number): FeedEvent[] {
  const seqs = new Map<CustomerId, number>();
  return customers.map((customerId, index) => {
    const seq = (seqs.get(customerId) ?? 0) + 1;
    seqs.set(customerId, seq);
    return { customerId, seq, pos: start + 1 + index } as FeedEvent;
  });
}
