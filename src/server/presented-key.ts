/** The key a client presents, in either of the two headers. */
export function presentedKey(headers: Record<string, unknown>): string | null {
  const apiKey = headers["x-api-key"];
  if (typeof apiKey === "string" && apiKey) return apiKey;
  const authorization = headers.authorization;
  return typeof authorization === "string" ? (/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? null) : null;
}
