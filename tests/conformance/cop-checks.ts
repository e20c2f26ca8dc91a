/**
 * The checks of graphql-cop, told by what they send and by what they call a finding. Those of a document run over every
 * transport; the others are about HTTP itself.
 */
export interface CopAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape is what each check looks for
  data?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  errors?: any[];
  extensions?: Record<string, unknown>;
}

/** Sends one document over one transport. A transport that closes instead of answering gives an empty answer. */
export type Transport = (document: string) => Promise<CopAnswer>;

interface DocumentCheck {
  name: string;
  document: string;
  found(answer: CopAnswer): boolean;
}

export const documentChecks: readonly DocumentCheck[] = [
  {
    name: "Alias Overloading",
    document: `query cop { ${Array.from({ length: 101 }, (_, i) => `alias${i}:__typename`).join(" ")} }`,
    found: ({ data }) => data?.alias100 !== undefined,
  },
  {
    name: "Directive Overloading",
    document: `query cop { __typename ${"@aa".repeat(10)} }`,
    found: ({ errors }) => errors?.length === 10,
  },
  {
    name: "Field Duplication",
    document: `query cop { ${"__typename \n".repeat(500)} }`,
    found: ({ data }) => data?.__typename !== undefined,
  },
  {
    name: "Introspection-based Circular Query",
    document:
      "query cop { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }",
    found: ({ data }) => data?.__schema?.types?.length > 25,
  },
  {
    name: "Circular Fragment",
    document:
      "query cop { __schema { ...A } } fragment A on __Schema { __typename ...B } fragment B on __Schema { ...A }",
    found: ({ data, errors }) => data !== undefined && !errors,
  },
  {
    name: "Field Suggestions",
    document: "query cop { __schema { directive } }",
    found: ({ errors }) => /did you mean/i.test(JSON.stringify(errors ?? [])),
  },
  {
    name: "Introspection",
    document: "query cop { __schema { types { name fields { name } } } }",
    found: ({ data }) => data?.__schema?.types?.length > 0,
  },
  {
    name: "Trace Mode",
    document: "query cop { __typename }",
    found: (answer) =>
      answer.extensions?.tracing !== undefined || /stacktrace|exception/i.test(JSON.stringify(answer)),
  },
  {
    name: "Unhandled Errors Detection",
    document: "qwerty cop { abc }",
    found: (answer) => /exception|stacktrace|node_modules/i.test(JSON.stringify(answer)),
  },
];

interface HttpCheck {
  name: string;
  /** What is sent, beside the headers that name the caller. */
  request(endpoint: string): { url: string; init: RequestInit & { headers?: Record<string, string> } };
  found(text: string): boolean;
}

export const httpChecks: readonly HttpCheck[] = [
  {
    name: "Array-based Query Batching",
    request: (url) => ({
      url,
      init: {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(Array.from({ length: 10 }, () => ({ query: "query cop { __typename }" }))),
      },
    }),
    found: (text) => (json(text) as unknown[]).length >= 10,
  },
  {
    name: "GET Method Query Support",
    request: (url) => ({ url: `${url}?query=${encodeURIComponent("query cop {__typename}")}`, init: {} }),
    found: answersTypename,
  },
  {
    name: "Mutation is allowed over GET (possible CSRF)",
    request: (url) => ({ url: `${url}?query=${encodeURIComponent("mutation cop {__typename}")}`, init: {} }),
    found: answersTypename,
  },
  {
    name: "POST based url-encoded query (possible CSRF)",
    request: (url) => ({
      url: `${url}?query=${encodeURIComponent("query cop {__typename}")}`,
      init: { method: "POST", body: new URLSearchParams({ query: "query cop {__typename}" }) },
    }),
    found: answersTypename,
  },
  {
    name: "GraphQL IDE",
    request: (url) => ({ url, init: { headers: { accept: "text/html" } } }),
    found: (text) => /graphiql\.min\.css|GraphQL Playground|GraphiQL|graphql-playground/.test(text),
  },
];

/** Names of the checks that find something. */
export async function findingsOfDocuments(ask: Transport): Promise<string[]> {
  const findings: string[] = [];
  for (const { name, document, found } of documentChecks) if (found(await ask(document))) findings.push(name);
  return findings;
}

export async function findingsOfHttp(endpoint: string, caller: Record<string, string>): Promise<string[]> {
  const findings: string[] = [];
  for (const { name, request, found } of httpChecks) {
    const { url, init } = request(endpoint);
    const response = await fetch(url, { ...init, headers: { ...init.headers, ...caller } });
    if (found(await response.text())) findings.push(name);
  }
  return findings;
}

function answersTypename(text: string): boolean {
  return (json(text) as CopAnswer).data?.__typename !== undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
