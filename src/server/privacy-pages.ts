import type { IncomingMessage, ServerResponse } from "node:http";
import type { PrivacyRequestRow } from "#schema/privacy.js";
import { exportsPath, readableUntil, renderExport } from "../cross-domain/privacy/export.js";
import { selectRequest } from "../cross-domain/privacy/request.queries.js";
import type { Signer } from "../cross-domain/privacy/signer.js";
import type { Authenticate } from "../platform/access/caller.js";
import { forPurpose, purposeHeader, purposeNamed } from "../platform/access/purpose.js";
import type { AuditLog } from "../platform/audit/audit-log.js";
import type { Database } from "../platform/database/database.js";
import { ApiError } from "../platform/errors.js";
import { parseId } from "../platform/ids.js";
import { faultOf, type Logger } from "../platform/log.js";
import { clientError } from "./operation.js";
import { presentedKey } from "./presented-key.js";
import { refuse, refuseThrown, requestIdOf } from "./refusals.js";

/** Public parts of the keys that sign documents: no secret, so nobody is asked who they are. */
const keysPath = "/privacy/jwks.json";
/** Behind the id: the document inside of its signature. */
const compactSuffix = ".jws";

export interface PrivacyPageOptions {
  database: Database;
  signer: Signer;
  identify: Authenticate;
  logger: Logger;
  audit: AuditLog | null;
}

/** Serves the documents of exports, signed, to keys with `privacy:export`, and the keys to check the signatures with. */
export function createPrivacyPages(options: PrivacyPageOptions) {
  /** A document is held in memory while it is made: one at a time on a node. */
  let turn: Promise<unknown> = Promise.resolve();
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    if (path === keysPath) {
      response.writeHead(200, { "content-type": "application/jwk-set+json" });
      response.end(JSON.stringify(options.signer.jwks));
      return true;
    }
    if (!path.startsWith(exportsPath)) return false;
    const inTurn = (request: PrivacyRequestRow) => {
      const rendered = turn.then(() => renderExport(options.database, request));
      turn = rendered.catch(() => {});
      return rendered;
    };
    answer(options, path.slice(exportsPath.length), request, response, inTurn).catch((error: unknown) => {
      if (error instanceof ApiError)
        return refuseThrown(response, error, clientError(options.logger, requestIdOf(response), error));
      options.logger.error(faultOf(error), "fault");
      refuse(response, 503, "UNAVAILABLE", "The document cannot be made just now.");
    });
    return true;
  };
}

async function answer(
  { database, signer, identify, audit }: PrivacyPageOptions,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
  render: (request: PrivacyRequestRow) => Promise<Buffer>,
): Promise<void> {
  const caller = await identify(presentedKey(request.headers));
  if (!caller) return refuse(response, 401, "UNAUTHENTICATED", "Send a valid key.");
  if (forPurpose(caller, purposeNamed(request.headers[purposeHeader])).purpose)
    return refuse(response, 403, "PURPOSE_NOT_SUPPORTED", "Documents of exports serve the customer only.");
  if (!caller.scopes.has("privacy:export"))
    return refuse(response, 403, "FORBIDDEN", "The key lacks the scope privacy:export.");
  const compact = name.endsWith(compactSuffix);
  const id = parseId("privacyRequest", compact ? name.slice(0, -compactSuffix.length) : name);
  const asked = id && (await selectRequest(database.read, id));
  const until = asked ? readableUntil(asked) : null;
  if (!asked || !until || Date.parse(until) < Date.now())
    return refuse(response, 404, "NOT_FOUND", "There is no document to read under this id.");
  const bytes = await render(asked);
  const requestId = requestIdOf(response);
  audit?.trail(caller.keyId, requestId).touched(asked.customerId);
  response.setHeader("cache-control", "no-store");
  response.setHeader("content-disposition", `attachment; filename="${name}${compact ? "" : ".json"}"`);
  if (compact) {
    response.writeHead(200, { "content-type": "application/jose" }).end(await signer.compact(bytes));
    return;
  }
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "x-jws-signature": await signer.detached(bytes),
  };
  response.writeHead(200, headers).end(bytes);
}
