import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options?: { type: "minor" }) => void;

/** All of it: what a turn has seen through a weak reference is kept until the turn ends. */
export async function collectGarbage(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  collect();
}

/** As V8 does many times a second. What it finds alive twice is old. */
export async function collectYoungGarbage(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  collect({ type: "minor" });
}

/** Bytes in the old generation, dead ones too. */
export function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space")?.space_used_size ?? 0;
}
