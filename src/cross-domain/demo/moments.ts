import type { Random } from "./random.js";

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Two years, a leap day counted. */
export const historyMs = 731 * dayMs;

/** Whole seconds: nobody's till knows more. */
export function instantOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

export function startOfDay(instant: string): string {
  return `${instant.slice(0, 10)}T00:00:00Z`;
}

/** A time between the two, in the hours when people there are awake, most of them in the afternoon. */
export function momentBetween(random: Random, utcOffsetHours: number, fromMs: number, toMs: number): number {
  const somewhere = fromMs + Math.floor(random.next() * (toMs - fromMs));
  const localHour = 8 + 14 * ((random.next() + random.next()) / 2);
  const ms = somewhere - (somewhere % dayMs) + Math.floor((localHour - utcOffsetHours) * 3600) * 1000;
  return ms < fromMs || ms > toMs ? somewhere - (somewhere % 1000) : ms;
}
