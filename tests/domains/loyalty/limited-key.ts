import { randomBytes } from "node:crypto";
import { apiKeys } from "#schema/access.js";
import { digest } from "../../../src/platform/access/key-text.js";
import type { Scope } from "../../../src/platform/access/scopes.js";
import { newId, uuidOf } from "../../../src/platform/ids.js";
import type { TestApp } from "../../support/app.js";

/** A key that holds these scopes and no others; of one purpose, where it is given. */
export async function limitedKey(
  app: TestApp,
  scopes: Scope[],
  purpose: "SERVICE" | "MARKETING" | "ANALYTICS" | null = null,
): Promise<string> {
  const id = newId("apiKey");
  const key = `c360_live_${uuidOf(id).replaceAll("-", "")}_${randomBytes(16).toString("hex")}`;
  await app.database.transaction((tx) =>
    tx.insert(apiKeys).values({ id, name: "test", secretHash: digest(key), scopes, purpose }),
  );
  return key;
}
