import { randomUUID } from "node:crypto";
import { GraphQLError } from "graphql";
import { LRUCache } from "lru-cache";
import type { Caller } from "../platform/access/caller.js";
import { ApiError } from "../platform/errors.js";
import { maxDocumentBytes } from "../platform/limits.js";
import { bareId, sha256Of, type TrustedDocuments } from "./manifest.js";

/** Characters of the texts that are kept: thousands of a front end's own documents. */
const maxKeptText = 4 * 1024 * 1024;
/** What a text costs besides itself, in characters: its places in the maps, its hash or name. */
const textOfAny = 512;

/** How a request names its document: by its text, by an id of the manifest, or by the hash of Apollo's clients. */
export interface Naming {
  query?: unknown;
  documentId?: unknown;
  extensions?: unknown;
}

interface PersistedQuery {
  version?: unknown;
  sha256Hash?: unknown;
}

/**
 * The documents known here, in front of every transport: those of the manifest, those that clients register by hash, and
 * those that came as text before. The last are for Apollo alone, which would hash each text anew: it is given a name that
 * no client can guess. Texts are only ever found by all of their characters or by their own SHA-256.
 */
export class KnownDocuments {
  private readonly registered = new LRUCache<string, string>({ maxSize: maxKeptText });
  private readonly names = new LRUCache<string, string>({
    maxSize: maxKeptText,
    dispose: (name) => this.texts.delete(name),
  });
  private readonly texts = new Map<string, string>();
  private readonly secret = randomUUID();
  private count = 0;

  constructor(private readonly trusted: TrustedDocuments = new Map()) {}

  /** Apollo's store of persisted queries. Its keys have a prefix of its own. */
  readonly cache = {
    get: async (key: string) => {
      const hash = key.slice(key.lastIndexOf(":") + 1);
      return this.texts.get(hash) ?? this.registered.get(hash) ?? this.trusted.get(hash);
    },
    set: async (key: string, text: string) => {
      this.register(key.slice(key.lastIndexOf(":") + 1), text);
    },
    delete: async (key: string) => this.registered.delete(key.slice(key.lastIndexOf(":") + 1)),
  };

  /**
   * The text that a request names; undefined where it names none, or not well: that is the transport's to refuse. Throws
   * DOCUMENT_NOT_FOUND, DOCUMENT_NOT_TRUSTED, PERSISTED_QUERY_NOT_FOUND, BAD_REQUEST.
   */
  textOf(naming: Naming, caller: Caller): string | undefined {
    const { documentId } = naming;
    const hash = persistedOf(naming)?.sha256Hash;
    const query = typeof naming.query === "string" && naming.query !== "" ? naming.query : undefined;
    if (documentId != null) {
      if (typeof documentId !== "string" || query !== undefined)
        throw new ApiError("BAD_REQUEST", "`documentId` has to be a text, and stands instead of `query`.");
      return this.trusted.get(bareId(documentId)) ?? notFound();
    }
    const trusted = typeof hash === "string" ? this.trusted.get(hash) : undefined;
    if (caller.trustedOnly) {
      if (query !== undefined && query !== trusted) throw notTrusted();
      // Of any type: Apollo makes a text of it.
      if (query === undefined && hash !== undefined) return trusted ?? persistedNotFound();
    }
    return query ?? trusted;
  }

  /** The same for transports without Apollo: documents are registered and found by hash here. */
  resolve(naming: Naming, caller: Caller): string | undefined {
    const text = this.textOf(naming, caller);
    const hash = persistedOf(naming)?.sha256Hash;
    if (typeof hash !== "string" || naming.documentId != null) return text;
    if (text === undefined) return this.registered.get(hash) ?? persistedNotFound();
    if (hash !== sha256Of(text)) {
      if (this.trusted.get(hash) === text) return text;
      throw new ApiError("BAD_REQUEST", "The hash is not that of the document.");
    }
    if (!caller.trustedOnly && Buffer.byteLength(text) <= maxDocumentBytes) this.register(hash, text);
    return text;
  }

  /** The `extensions` by which Apollo finds this text without hashing it. */
  extensionsFor(text: string): { persistedQuery: { version: 1; sha256Hash: string } } {
    let name = this.names.get(text);
    if (name === undefined) {
      name = `${this.secret}.${++this.count}`;
      this.texts.set(name, text);
      this.names.set(text, name, { size: text.length + textOfAny });
    }
    return { persistedQuery: { version: 1, sha256Hash: name } };
  }

  private register(hash: string, text: string): void {
    this.registered.set(hash, text, { size: text.length + textOfAny });
  }
}

function persistedOf({ extensions }: Naming): PersistedQuery | undefined {
  return (extensions as { persistedQuery?: PersistedQuery } | null | undefined)?.persistedQuery ?? undefined;
}

function notFound(): never {
  throw new ApiError("DOCUMENT_NOT_FOUND", "No trusted document has this id.", { http: { status: 404 } });
}

function notTrusted(): ApiError {
  const message = "This key may ask trusted documents only: send `documentId` instead of a text.";
  return new ApiError("DOCUMENT_NOT_TRUSTED", message, { http: { status: 403 } });
}

/** In the words of Apollo, whose clients look for them. */
function persistedNotFound(): never {
  throw new GraphQLError("PersistedQueryNotFound", { extensions: { code: "PERSISTED_QUERY_NOT_FOUND" } });
}
