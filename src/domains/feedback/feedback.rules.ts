import type { FeedbackRow } from "#schema/feedback.js";

export interface Scale {
  scaleMin: number;
  scaleMax: number;
}

/** The scale on which each kind is usually asked. */
const usualScales: Record<FeedbackRow["kind"], Scale> = {
  CSAT: { scaleMin: 1, scaleMax: 5 },
  CES: { scaleMin: 1, scaleMax: 7 },
  NPS: { scaleMin: 0, scaleMax: 10 },
};

/**
 * The scale of an answer, ends that are left out being the usual ones; or what is wrong with it. NPS has one scale: its
 * formula is made for 0 to 10.
 */
export function scaleOf(
  kind: FeedbackRow["kind"],
  given: { scaleMin: number | null; scaleMax: number | null },
): Scale | { field: keyof Scale; problem: string } {
  const usual = usualScales[kind];
  const scaleMin = given.scaleMin ?? usual.scaleMin;
  const scaleMax = given.scaleMax ?? usual.scaleMax;
  if (kind === "NPS" && scaleMin !== usual.scaleMin)
    return { field: "scaleMin", problem: `must be ${usual.scaleMin} for NPS` };
  if (kind === "NPS" && scaleMax !== usual.scaleMax)
    return { field: "scaleMax", problem: `must be ${usual.scaleMax} for NPS` };
  return scaleMin < scaleMax
    ? { scaleMin, scaleMax }
    : { field: "scaleMax", problem: "must be more than scaleMin" };
}
