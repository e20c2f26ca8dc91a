import { type Authenticate, createAuthenticate } from "../platform/access/caller.js";
import { startKeyUse } from "../platform/access/key-use.js";
import { createTokenReader, type TokenOptions } from "../platform/access/tokens.js";
import type { Database } from "../platform/database/database.js";
import { faultOf, type Logger } from "../platform/log.js";
import type { Opened } from "./opened.js";

export interface CallerSettings {
  adminKey: string | null;
  /** Whose tokens are taken besides keys. */
  tokens?: TokenOptions | null;
  logger: Logger;
}

/** Looks callers up in the database each time, and writes down when keys were used. */
export function startAuthenticate(
  database: Database,
  { adminKey, tokens, logger }: CallerSettings,
  opened: Opened,
): Authenticate {
  const keyUse = startKeyUse(database, (error) => logger.warn(faultOf(error), "last uses of keys"));
  opened.add(() => keyUse.stop());
  const onFault = (error: unknown) => logger.warn(faultOf(error), "keys of tokens");
  return createAuthenticate(database.read, {
    adminKey,
    tokens: tokens ? createTokenReader(tokens, { onFault }) : null,
    onUse: keyUse.used,
  });
}
