import type { TestApp } from "./app.js";

interface Sent {
  query: string;
  variables?: object;
  operationName?: string;
}

export interface BothWays {
  /** What differs, in a line; null where nothing does. */
  difference: string | null;
  /** How the first app read it; undefined where an answer without data says nothing. */
  read: { compiled: boolean; reason?: string } | undefined;
  errors: { message: string; extensions: { code: string } }[] | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape is what each test is about
  data: any;
}

/** Asks two apps on one database the same, and compares the whole answers: status, headers, data and errors. */
export async function askBothWays(
  compiled: TestApp,
  resolvers: TestApp,
  sent: Sent,
  key = compiled.key,
): Promise<BothWays> {
  const own = key === compiled.key ? resolvers.key : key;
  const [ours, theirs] = await Promise.all([ask(compiled, sent, key), ask(resolvers, sent, own)]);
  const { data, errors, read } = ours;
  const head = (answer: Answer) => `${answer.status} ${answer.type}`;
  const difference =
    head(ours) !== head(theirs)
      ? `status: ${head(ours)} and ${head(theirs)}; ${ours.text} and ${theirs.text}`
      : (differing("content", sorted(ours.body), sorted(theirs.body)) ??
        differing("order of keys", JSON.stringify(ours.body), JSON.stringify(theirs.body)));
  return { difference, read, data, errors };
}

interface Answer {
  status: number;
  type: string | null;
  text: string;
  body: object;
  data: unknown;
  errors: BothWays["errors"];
  read: BothWays["read"];
}

async function ask(app: TestApp, sent: Sent, key: string): Promise<Answer> {
  const response = await fetch(`${app.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify(sent),
  });
  const text = await response.text();
  const { extensions, ...body } = parsed(text);
  for (const error of body.errors ?? []) delete error.extensions?.requestId;
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    text,
    // What it costs is the same too; what is left of a budget is each app's own.
    body: { ...body, extensions: { ...extensions, read: undefined, cost: costIn(extensions) } },
    data: body.data,
    errors: body.errors,
    read: extensions?.read,
  };
}

function costIn(extensions: { cost?: { requested: number; actual: number } } | undefined) {
  return extensions?.cost && [extensions.cost.requested, extensions.cost.actual];
}

// biome-ignore lint/suspicious/noExplicitAny: an answer of any shape
function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return { noJson: text };
  }
}

/** Characters shown on each side of the first difference. */
const shown = 200;

function differing(what: string, ours: string, theirs: string): string | null {
  if (ours === theirs) return null;
  let at = 0;
  while (ours[at] === theirs[at]) at++;
  const around = (text: string) => text.slice(Math.max(0, at - shown), at + shown);
  return `${what} at ${at}:\n  compiled  ${around(ours)}\n  resolvers ${around(theirs)}`;
}

/** JSON with the keys of every object in one order, whatever their names. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
  if (value === null || typeof value !== "object") return String(JSON.stringify(value));
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${sorted(inner)}`).join(",")}}`;
}
