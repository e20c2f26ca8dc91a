import type { Attempt, Delivery } from "./history.js";

/** From the answer to each write between two moments until each subscriber had its event, in order of length. */
export function waitsOf(
  attempts: readonly Attempt[],
  subscribers: readonly { deliveries: readonly Delivery[] }[],
  from: number,
  to: number,
): number[] {
  const acked = attempts.filter(({ ackedAt = 0, ids }) => ackedAt > from && ackedAt < to && ids.length > 0);
  const waits = subscribers.flatMap(({ deliveries }) => {
    const deliveredAt = new Map(deliveries.map(({ subjectId, at }) => [subjectId, at]));
    return acked.map(({ ids, ackedAt = 0 }) => Math.max(0, deliveredAt.get(ids[0] ?? "")! - ackedAt));
  });
  return waits.sort((a, b) => a - b);
}

export function ninetyNinth(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length * 0.99)]!;
}
