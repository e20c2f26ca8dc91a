import { askAny } from "./ask.js";

/** Where the feed ends now. Asked for before connecting: what happens until a second attempt succeeds is then not missed. */
export async function presentPlace(urls: readonly string[], key: string): Promise<string> {
  const { feedCursor } = await askAny<{ feedCursor: string }>(urls, key, "{ feedCursor }");
  return feedCursor;
}
