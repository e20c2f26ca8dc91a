import type { IncomingMessage, ServerResponse } from "node:http";

const corsMaxAgeSeconds = 600;

/**
 * Whether a browser page of this origin may use the API: its own pages, those configured, and while the API is reached
 * by a loopback name any page of this machine. Requests without an origin come from no browser page.
 */
export function originAllowed(request: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  return (
    page.host === host ||
    allowed.includes(origin) ||
    (isLoopback(page.hostname) && isLoopback(hostname(host)))
  );
}

/** Adds the CORS headers; false when the origin may not read the answer (the browser then withholds it). */
export function allowOrigin(
  request: IncomingMessage,
  response: ServerResponse,
  allowed: readonly string[],
): boolean {
  if (request.headers.origin === undefined) return false;
  response.setHeader("vary", "origin");
  if (!originAllowed(request, allowed)) return false;
  response.setHeader("access-control-allow-origin", request.headers.origin);
  response.setHeader("access-control-allow-methods", "GET, POST, OPTIONS");
  response.setHeader(
    "access-control-allow-headers",
    "content-type, authorization, x-api-key, x-purpose, last-event-id",
  );
  response.setHeader("access-control-expose-headers", "x-request-id");
  response.setHeader("access-control-max-age", String(corsMaxAgeSeconds));
  return true;
}

function hostname(host: string | undefined): string {
  const url = `http://${host ?? ""}`;
  return URL.canParse(url) ? new URL(url).hostname : "";
}

function isLoopback(name: string): boolean {
  return name === "localhost" || name === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(name);
}
