import { DateTime, Duration } from "luxon";

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/**
 * An RFC 3339 time as UTC text with at most six fractional digits ("2026-11-21T09:30:00.123456Z"),
 * or null when it is none. The zone is required: a time without one is a guess.
 */
export function parseInstant(text: string): string | null {
  const match = rfc3339.exec(text);
  if (!match) return null;
  const fraction = (match[7] ?? "").slice(0, 7).replace(/\.?0+$/, "");
  if (match[8] === "Z" && text[10] === "T") return isDay(match) ? `${text.slice(0, 19)}${fraction}Z` : null;
  const whole = DateTime.fromISO(
    `${text.slice(0, 10)}T${text.slice(11, 19)}${(match[8] as string).toUpperCase()}`,
    {
      zone: "utc",
    },
  );
  if (!whole.isValid || whole.year < 1 || whole.year > 9999) return null;
  return `${whole.toFormat("yyyy-MM-dd'T'HH:mm:ss")}${fraction}Z`;
}

/** Whether the day exists. Times in UTC, nearly all of an import's, need no more and so no calendar library. */
function isDay(match: RegExpExecArray): boolean {
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return (
    year >= 1 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
  );
}

/** The time a signed ISO 8601 duration away from now ("-P30D" is thirty days ago), or null when it is none. */
export function parseRelative(text: string, now = DateTime.utc()): string | null {
  if (!/^[+-]?P/.test(text)) return null;
  const duration = Duration.fromISO(text);
  if (!duration.isValid) return null;
  const moved = now.plus(duration);
  return moved.isValid && moved.year >= 1 && moved.year <= 9999 ? parseInstant(moved.toISO() ?? "") : null;
}

/** Order of two instants, for sorting. Without its Z a whole second comes before its own fractions, as text. */
export function compareInstants(a: string, b: string): number {
  const [left, right] = [a.slice(0, -1), b.slice(0, -1)];
  return left < right ? -1 : left > right ? 1 : 0;
}

export function earlier(a: string, b: string): string {
  return compareInstants(a, b) <= 0 ? a : b;
}

export function later(a: string, b: string): string {
  return compareInstants(a, b) >= 0 ? a : b;
}

export function nowInstant(): string {
  return DateTime.utc().toISO();
}
