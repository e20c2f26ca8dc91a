/** True when the text can be stored and sent back unchanged: no NUL (Postgres refuses it), no lone surrogate. */
export function isStorable(text: string): boolean {
  return !text.includes("\u0000") && text.isWellFormed();
}

/** True when arrays and objects of a JSON value are nested deeper than `max`. Looks no deeper itself. */
export function isDeeperThan(value: unknown, max: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some((member) => max === 0 || isDeeperThan(member, max - 1));
  for (const name in value)
    if (max === 0 || isDeeperThan((value as Record<string, unknown>)[name], max - 1)) return true;
  return false;
}

/** The same for every text inside a JSON value, names of members included. */
export function isStorableDeep(value: unknown): boolean {
  if (typeof value === "string") return isStorable(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, member]) => isStorable(name) && isStorableDeep(member));
}
