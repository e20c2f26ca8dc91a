import { expect, test } from "@jest/globals";
import { compareInstants, earlier, later, parseInstant } from "../../src/platform/time.js";

test("an instant on the whole second is earlier than one with a fraction of it", () => {
  expect(earlier("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00Z")).toBe("2026-01-01T00:00:00Z");
  expect(earlier("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.25Z")).toBe("2026-01-01T00:00:00.25Z");
  expect(earlier("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z")).toBe("2026-01-01T00:00:00Z");
});

test("instants sort as times, whatever the length of their fractions", () => {
  const inOrder = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.123456Z",
    "2026-01-01T00:00:00.5Z",
    "2026-01-01T00:00:01Z",
  ];
  expect(inOrder.toReversed().toSorted(compareInstants)).toEqual(inOrder);
  expect(later(inOrder[0] as string, inOrder[1] as string)).toBe(inOrder[1]);
});

test("a time is kept to the microsecond, in UTC, without trailing zeros", () => {
  expect(parseInstant("2026-11-21T13:00:00.123456789+03:30")).toBe("2026-11-21T09:30:00.123456Z");
  expect(parseInstant("2026-11-21t09:30:00.500z")).toBe("2026-11-21T09:30:00.5Z");
});
