import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import { is } from "drizzle-orm";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import type { GraphQLObjectType } from "graphql";
import { builtSchema } from "../src/server/build-schema.js";

/** The law of imports and the habits that a machine can check (docs/decisions/0001). */
interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

const sources = new Map(
  readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => [`src/${file}`, readFileSync(`src/${file}`, "utf8")] as const),
);
const imports: Import[] = [...sources].flatMap(([from, text]) =>
  [...text.matchAll(/^import (type )?([^;]*?) ?(?:from )?"((?:\.{1,2}|#schema)\/[^"]+)";/gms)].map(
    ([, type, names = "", target = ""]) => ({
      from,
      to: target.startsWith("#")
        ? target.replace("#", "").replace(/\.js$/, ".ts")
        : path.join(path.dirname(from), target).replace(/\.js$/, ".ts"),
      typeOnly: type !== undefined || /^\{(\s*type [^,}]+,?)+\s*\}$/.test(names.trim()),
    }),
  ),
);

const floors = ["schema/", "src/platform/", "src/domains/", "src/cross-domain/", "src/server/", "src/"];
const floorOf = (file: string) => floors.findIndex((floor) => file.startsWith(floor));
const domainOf = (file: string) => /^src\/domains\/([^/]+)\//.exec(file)?.[1];

/** Which domain's tables point at which other domain's, by foreign key. */
const pointsAt = new Map<string, Set<string>>();
/** Table variable to the schema file that declares it. */
const ownerOfTable = new Map<string, string>();
beforeAll(async () => {
  const fileOf = new Map<PgTable, string>();
  for (const file of readdirSync("schema").filter((name) => name.endsWith(".ts"))) {
    const owner = file.replace(/\.ts$/, "");
    for (const [name, value] of Object.entries(await import(`../schema/${owner}.js`))) {
      if (!is(value, PgTable)) continue;
      fileOf.set(value, owner);
      ownerOfTable.set(name, owner);
    }
  }
  for (const [table, owner] of fileOf) {
    for (const key of getTableConfig(table).foreignKeys) {
      const target = fileOf.get(key.reference().foreignTable as PgTable) as string;
      pointsAt.set(owner, (pointsAt.get(owner) ?? new Set()).add(target));
    }
  }
});

test("the law: server -> cross-domain -> domains -> platform -> schema; only the type of the context goes up", () => {
  expect(imports.length).toBeGreaterThan(200);
  const upward = imports.filter(
    ({ from, to, typeOnly }) => floorOf(to) > floorOf(from) && !(typeOnly && to === "src/context.ts"),
  );
  expect(upward).toEqual([]);
});

test("a domain imports from another only its types, and the actions and rules of one that its tables point at", () => {
  const breaches = imports.filter(({ from, to }) => {
    const [mine, theirs] = [domainOf(from), domainOf(to)];
    if (!mine || !theirs || mine === theirs || to.endsWith(".type.ts")) return false;
    return !(/\.(actions|rules)\.ts$/.test(to) && pointsAt.get(mine)?.has(theirs));
  });
  expect(breaches).toEqual([]);
});

test("no two files import each other in a circle, types apart", () => {
  const edges = new Map<string, string[]>();
  for (const { from, to, typeOnly } of imports) {
    // Type functions of type-graphql are lazy, so its classes may name each other.
    if (typeOnly || to.endsWith(".type.ts")) continue;
    edges.set(from, [...(edges.get(from) ?? []), to]);
  }
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: string[]) => {
    if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
    if (done.has(file)) return;
    done.add(file);
    for (const next of edges.get(file) ?? []) visit(next, [...trail, file]);
  };
  for (const file of edges.keys()) visit(file, []);
  expect(circles).toEqual([]);
});

test("a domain holds six roles of file and nothing else", () => {
  const strange = [...sources.keys()].filter(
    (file) => domainOf(file) && !/\/[a-z-]+\.(type|resolver|loaders|actions|queries|rules)\.ts$/.test(file),
  );
  expect(strange).toEqual([]);
});

test("there is no drawer: no utils, helpers, common, shared, services, managers, no barrels", () => {
  const drawers = [...sources.keys()].filter((file) =>
    /(utils?|helpers?|common|shared|services?|managers?|index)(\.ts|\/)/i.test(file),
  );
  expect(drawers).toEqual([]);
});

test("rules are pure: they import no database, no queries, no actions", () => {
  const breaches = imports.filter(
    ({ from, to, typeOnly }) =>
      from.endsWith(".rules.ts") &&
      !typeOnly &&
      /database\/|\.(queries|actions|loaders|resolver)\.ts$/.test(to),
  );
  expect(breaches).toEqual([]);
});

test("the environment is read in one place", () => {
  const readers = [...sources].filter(([, text]) => /process\.env[.[]/.test(text)).map(([file]) => file);
  expect(readers.filter((file) => floorOf(file) < floors.length - 1)).toEqual([]);
});

test("writes have one owner: only the owner of a table writes it", () => {
  const homes: Record<string, RegExp> = {
    events: /^src\/(platform\/events|cross-domain\/live)\//,
    ingest: /^src\/(platform|cross-domain)\/ingest\//,
    audit: /^src\/platform\/audit\//,
    idempotency: /^src\/platform\/idempotency\//,
    privacy: /^src\/(platform|cross-domain)\/privacy\//,
    access: /^src\/(platform\/access|domains\/api-keys)\//,
  };
  const breaches: string[] = [];
  for (const [file, text] of sources) {
    for (const [, table = ""] of text.matchAll(/\b(?:insertRows|updateRows)\(\s*tx,\s*(\w+)/g))
      check(file, table);
    for (const [, table = ""] of text.matchAll(/\.(?:insert|update|delete)\((\w+)\)/g)) check(file, table);
  }
  expect(breaches).toEqual([]);

  function check(file: string, table: string) {
    const owner = ownerOfTable.get(table);
    if (owner && !(homes[owner] ?? new RegExp(`^src/domains/${owner}/`)).test(file))
      breaches.push(`${file} writes ${table}`);
  }
});

test("errors for clients are made by ApiError, access is declared by scope, and no middleware wraps every field", () => {
  for (const [file, text] of sources) {
    if (!file.startsWith("src/server/") && file !== "src/platform/errors.ts") {
      expect([file, /new GraphQLError\(/.test(text)]).toEqual([file, false]);
    }
    expect([file, /@Authorized|globalMiddlewares|@UseMiddleware/.test(text)]).toEqual([file, false]);
  }
});

test("no function is written where it is assigned to a property, where requests run: V8 keeps all that it reaches", () => {
  const onceAtStart = /^src\/(server\/(federation|build-schema)|platform\/graphql\/personal)\.ts$/;
  const assigned =
    /^(?!\s*(\/\/|\*|const |let )).*\.#?\w+ (\?\?)?= (async )?(function\b|\([^)]*\)(: [^=>]+)? =>|\w+ =>)/m;
  for (const [file, text] of sources)
    if (!onceAtStart.test(file)) expect([file, assigned.exec(text)?.[0] ?? null]).toEqual([file, null]);
});

test("plain fields carry no resolver of type-graphql's", async () => {
  for (const [file, text] of sources) {
    const direct = /import \{[^}]*\bObjectType\b[^}]*\} from "type-graphql"/.test(text);
    expect([file, direct]).toEqual([file, file === "src/platform/graphql/object-type.ts"]);
  }
  const customer = (await builtSchema()).getType("Customer") as GraphQLObjectType;
  expect(customer.getFields().stage?.resolve).toBeUndefined();
  expect(customer.getFields().identities?.resolve).toBeDefined();
});

test("every resolver class is registered", () => {
  const list = readFileSync("src/server/build-schema.ts", "utf8").split("const resolvers")[1] ?? "";
  const classes = [...sources].flatMap(([, text]) =>
    [...text.matchAll(/@Resolver\([^)]*(?:\(\))?[^)]*\)\s*export class (\w+)/g)].map((match) => match[1]),
  );
  expect(classes.length).toBeGreaterThan(10);
  expect(classes.filter((name) => !new RegExp(`\\b${name}\\b`).test(list))).toEqual([]);
});

test("files stay in view: 300 lines at most", () => {
  const long = [...sources]
    .map(([file, text]) => [file, text.split("\n").length] as const)
    .filter(([, lines]) => lines > 300);
  expect(long).toEqual([]);
});
