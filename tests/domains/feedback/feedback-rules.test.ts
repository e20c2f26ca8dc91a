import { expect, test } from "@jest/globals";
import { scaleOf } from "../../../src/domains/feedback/feedback.rules.js";

test.each([
  ["CSAT", null, null, 1, 5],
  ["CES", null, null, 1, 7],
  ["NPS", null, null, 0, 10],
  ["NPS", 0, 10, 0, 10],
  ["CSAT", 0, 1, 0, 1],
  ["CSAT", null, 10, 1, 10],
  ["CES", -5, null, -5, 7],
] as const)("%s asked from %p to %p has the scale %i to %i", (kind, scaleMin, scaleMax, from, to) => {
  expect(scaleOf(kind, { scaleMin, scaleMax })).toEqual({ scaleMin: from, scaleMax: to });
});

test.each([
  ["NPS", 1, 10, "scaleMin"],
  ["NPS", 0, 5, "scaleMax"],
  ["CSAT", 5, 5, "scaleMax"],
  ["CSAT", 6, null, "scaleMax"],
  ["CES", 7, 1, "scaleMax"],
] as const)("%s asked from %p to %p has no scale", (kind, scaleMin, scaleMax, field) => {
  expect(scaleOf(kind, { scaleMin, scaleMax })).toMatchObject({ field });
});
