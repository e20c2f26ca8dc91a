/** Objects in a JSON value, itself included where it is one. */
export function countObjects(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const member of value) count += countObjects(member);
    return count;
  }
  for (const name in value) count += countObjects((value as Record<string, unknown>)[name]);
  return count + 1;
}
