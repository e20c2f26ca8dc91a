const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** The waits between attempts that Standard Webhooks recommends: ten attempts within 75 hours and 35 minutes. */
export const retryWaitsMs: readonly number[] = [
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
];

/** Waits differ by up to a tenth either way, so that what failed together does not come back together. */
const jitter = 0.1;

/** How long to wait after this many attempts; null when they were the last. `random` is from 0 to 1. */
export function waitAfter(attempts: number, random: number, waitsMs = retryWaitsMs): number | null {
  const wait = waitsMs[attempts - 1];
  return wait === undefined ? null : Math.round(wait * (1 - jitter + 2 * jitter * random));
}

/** Deliveries given up one after the other, none accepted between, after which an endpoint is parked. */
export const parkAfterExhausted = 5;

/** 2xx accepts, 410 says that the endpoint is gone for good, a 3xx is not followed: it is a failure like the others. */
export function verdictOf(statusCode: number): "ACCEPTED" | "GONE" | "REDIRECT" | "HTTP_STATUS" {
  if (statusCode >= 200 && statusCode < 300) return "ACCEPTED";
  if (statusCode === 410) return "GONE";
  return statusCode >= 300 && statusCode < 400 ? "REDIRECT" : "HTTP_STATUS";
}
