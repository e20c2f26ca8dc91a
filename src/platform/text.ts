/** True when the text can be stored and sent back unchanged: no NUL (Postgres refuses it), no lone surrogate. */
export function isStorable(text: string): boolean {
  return !text.includes("\u0000") && text.isWellFormed();
}

/** The same for every text inside a JSON value, names of members included. */
export function isStorableDeep(value: unknown): boolean {
  if (typeof value === "string") return isStorable(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([name, member]) => isStorable(name) && isStorableDeep(member));
}
