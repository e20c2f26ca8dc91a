import type { IncomingMessage } from "node:http";
import type { ClientCode } from "../platform/errors.js";
import { maxBodyBytes, maxJsonDepth } from "../platform/limits.js";
import { isDeeperThan } from "../platform/text.js";

export type Body = { value?: unknown; refusal?: { status: number; code: ClientCode; message: string } };

/** The JSON that a request brings, or why it is not taken. Rejects with ClientLeft. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  if (request.method !== "POST" || !isJson(request)) return {};
  const bytes = await bytesOf(request);
  if (!bytes) {
    const message = `A request may have at most ${maxBodyBytes} bytes.`;
    return { refusal: { status: 413, code: "PAYLOAD_TOO_LARGE", message } };
  }
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    if (!isDeeperThan(value, maxJsonDepth)) return { value };
    return {
      refusal: {
        status: 400,
        code: "BAD_REQUEST",
        message: `JSON may be nested at most ${maxJsonDepth} levels.`,
      },
    };
  } catch {
    return { refusal: { status: 400, code: "BAD_REQUEST", message: "The body is not valid JSON." } };
  }
}

/** Whether a request's body is read at all. */
function isJson({ headers }: IncomingMessage): boolean {
  return /^application\/(graphql-response\+)?json\b/i.test(headers["content-type"] ?? "");
}

/** The client went away in the middle of its request: there is nobody to answer. */
export class ClientLeft extends Error {}

/** The whole body; null when it is too large, and then the rest is not kept. Rejects with ClientLeft. */
function bytesOf(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBodyBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        resolve(null);
      }
    });
    request.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    const left = () => {
      if (!request.complete) reject(new ClientLeft());
    };
    request.on("error", left);
    request.on("close", left);
    if (request.destroyed) left();
  });
}
