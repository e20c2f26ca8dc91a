/** True when the text can be stored and sent back unchanged: no NUL (Postgres refuses it), no lone surrogate. */
export function isStorable(text: string): boolean {
  return !text.includes("\u0000") && text.isWellFormed();
}

/** True when arrays and objects are nested deeper than `max`. Looks level by level, so that depth itself is harmless. */
export function isDeeperThan(value: unknown, max: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    level = level.flatMap((member) =>
      typeof member === "object" && member !== null ? Object.values(member) : [],
    );
    if (depth >= max && level.length > 0) return true;
  }
  return false;
}

/** The same for every text inside a JSON value, names of members included. */
export function isStorableDeep(value: unknown): boolean {
  if (typeof value === "string") return isStorable(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, member]) => isStorable(name) && isStorableDeep(member));
}
