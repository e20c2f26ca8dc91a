import type { IncomingMessage, ServerResponse } from "node:http";
import { LRUCache } from "lru-cache";

/** Different accept headers kept: every client library has one or two of its own. */
const maxKept = 100;
/** Longer ones are made up. */
const maxAcceptLength = 200;

/** The content type of an answer follows from the accept header alone; Apollo works it out once for each. */
export class ContentTypes {
  private readonly byAccept = new LRUCache<string, string>({ max: maxKept });

  /** The content type of the answer to a POST of JSON; null where it is not known, or the request is another. */
  ofAnswerTo(request: IncomingMessage): string | null {
    if (request.method !== "POST" || !isJson(request)) return null;
    return this.byAccept.get(request.headers.accept ?? "") ?? null;
  }

  /** Takes note of what Apollo gave a good answer. */
  learn(request: IncomingMessage, response: ServerResponse): void {
    const accept = request.headers.accept ?? "";
    const contentType = response.getHeader("content-type");
    if (response.statusCode !== 200 || request.method !== "POST" || accept.length > maxAcceptLength) return;
    if (typeof contentType === "string") this.byAccept.set(accept, contentType);
  }
}

/** Whether a request's body is read at all. */
export function isJson({ headers }: IncomingMessage): boolean {
  return /^application\/(graphql-response\+)?json\b/i.test(headers["content-type"] ?? "");
}
