import { createHash } from "node:crypto";
import type { DocumentNode } from "graphql";

/** Documents are kept parsed, so the text of each is hashed once. */
const known = new WeakMap<DocumentNode, string | null>();

/** SHA-256 of a document's text, hexadecimal: equal documents have equal ones. Null where the text is not known. */
export function documentHash(document: DocumentNode): string | null {
  let hash = known.get(document);
  if (hash === undefined) {
    const text = document.loc?.source.body;
    hash = text === undefined ? null : createHash("sha256").update(text).digest("hex");
    known.set(document, hash);
  }
  return hash;
}
