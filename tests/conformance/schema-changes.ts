import { CriticalityLevel, diff } from "@graphql-inspector/core";
import { buildSchema } from "graphql";

/**
 * The changes from one schema to the next that break clients and that the changelog does not announce: each is announced
 * by its path, in backticks, under a heading "Breaking" of the release that is not out yet.
 */
export async function unannouncedBreaks(before: string, after: string, changelog: string): Promise<string[]> {
  const changes = await diff(buildSchema(before), buildSchema(after));
  const announced = announcements(changelog);
  return changes
    .filter(
      ({ criticality, path }) => criticality.level === CriticalityLevel.Breaking && !announced.has(path),
    )
    .map(({ path, message }) => `${path}: ${message}`);
}

/** Paths under "Breaking" in the newest release of the changelog. */
function announcements(changelog: string): ReadonlySet<string | undefined> {
  const newest = changelog.split(/^## /m)[1] ?? "";
  const breaking = newest.split(/^### /m).filter((section) => /^Breaking\b/.test(section));
  return new Set(breaking.flatMap((section) => [...section.matchAll(/`([^`]+)`/g)].map(([, path]) => path)));
}
