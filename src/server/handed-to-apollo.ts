import { GraphQLError } from "graphql";
import type { Caller } from "../platform/access/caller.js";
import type { KnownDocuments, Naming } from "./known-documents.js";

interface Request {
  search: string;
  body: unknown;
}

/**
 * A request as Apollo is given it: a text that is known by its name, so that it is not hashed again. Whatever is not well
 * formed stays as it came, and Apollo refuses it. The refusal where the document may not be asked.
 */
export function handedToApollo(
  documents: KnownDocuments,
  method: string | undefined,
  request: Request,
  caller: Caller,
): Request | GraphQLError {
  try {
    return method === "GET" ? inAddress(documents, request, caller) : inBody(documents, request, caller);
  } catch (refusal) {
    if (refusal instanceof GraphQLError) return refusal;
    throw refusal;
  }
}

function inBody(documents: KnownDocuments, request: Request, caller: Caller): Request {
  const { body } = request;
  if (typeof body !== "object" || body === null || Array.isArray(body)) return request;
  const naming = body as Naming;
  const text = documents.textOf(naming, caller);
  if (text === undefined || !isPlain(naming)) return request;
  // In place: the body is this request's own, and nobody else reads it.
  naming.query = undefined;
  naming.extensions = documents.extensionsFor(text);
  return request;
}

/** Nothing but the document is named in it: other extensions, and what clients register, are left to Apollo. */
function isPlain({ extensions, documentId }: Naming): boolean {
  return extensions === undefined || extensions === null || typeof documentId === "string";
}

function inAddress(documents: KnownDocuments, request: Request, caller: Caller): Request {
  const given = new URLSearchParams(request.search);
  const documentId = given.get("documentId");
  if (documentId === null && !caller.trustedOnly) return request;
  const naming = {
    query: given.get("query") ?? undefined,
    documentId,
    extensions: parsed(given.get("extensions")),
  };
  const text = documents.textOf(naming, caller);
  if (text === undefined || documentId === null) return request;
  given.delete("query");
  given.set("extensions", JSON.stringify(documents.extensionsFor(text)));
  return { ...request, search: `?${given}` };
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined; // Apollo says what is wrong with it
  }
}
