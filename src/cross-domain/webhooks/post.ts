import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { WebhookDeliveryRow } from "#schema/webhooks.js";
import { hostOf, isPublicAddress } from "../../domains/webhooks/webhook.rules.js";
import { AddressError } from "./addresses.js";

export interface Post {
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface PostOptions {
  lookup: LookupFunction;
  allowPrivate: boolean;
  /** For everything: name, connection, request and answer. */
  timeoutMs: number;
  /** Ends it at once, with the reason. */
  signal: AbortSignal;
}

export type PostError = Exclude<WebhookDeliveryRow["lastError"], null | "HTTP_STATUS" | "REDIRECT">;
export type Posted = { statusCode: number } | { error: PostError };

/** Of an answer only its status counts. So much is read that a short one ends in peace; the rest is cut. */
const maxAnswerBytes = 4 * 1024;

/** Posts on a connection of its own. Follows nothing; an answer counts from its status on. Rejects when aborted. */
export function post(message: Post, options: PostOptions): Promise<Posted> {
  const { lookup, allowPrivate, timeoutMs, signal } = options;
  const url = new URL(message.url);
  const host = hostOf(url);
  // An address in place of a name is connected to without a lookup.
  if (!allowPrivate && isIP(host) && !isPublicAddress(host))
    return Promise.resolve({ error: "ADDRESS_REFUSED" });
  return new Promise((resolve, reject) => {
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const request = send(url, {
      method: "POST",
      agent: false, // no connection is shared between attempts
      lookup,
      headers: { ...message.headers, "content-length": Buffer.byteLength(message.body) },
    });
    const deadline = setTimeout(() => request.destroy(new TimedOut()), timeoutMs);
    const abort = () => request.destroy(new Aborted());
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    let statusCode: number | undefined;
    request.once("response", (response) => {
      statusCode = response.statusCode ?? 0;
      readLittle(response);
    });
    let failure: Error | undefined;
    request.on("error", (error) => {
      failure ??= error;
    });
    request.once("close", () => {
      clearTimeout(deadline);
      signal.removeEventListener("abort", abort);
      if (statusCode !== undefined) resolve({ statusCode });
      else if (failure instanceof Aborted) reject(failure);
      else resolve({ error: errorOf(failure) });
    });
    request.end(message.body);
  });
}

class TimedOut extends Error {}
/** The process stops. */
export class Aborted extends Error {}

function readLittle(response: IncomingMessage): void {
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) response.destroy();
  });
  response.on("error", () => {}); // its status is known, and counts
}

const tlsCode =
  /^(ERR_TLS|ERR_SSL|CERT_|EPROTO|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

function errorOf(error: Error | undefined): PostError {
  if (error instanceof TimedOut) return "TIMEOUT";
  const { cause = error, code } = (error ?? {}) as NodeJS.ErrnoException;
  if (cause instanceof AddressError) return cause.code;
  return typeof code === "string" && tlsCode.test(code) ? "TLS" : "CONNECTION";
}
