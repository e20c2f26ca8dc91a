import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { buffer as readAll } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Page, Response } from "playwright-core";
import { createGraphiql } from "../../src/server/graphiql.js";
import { chromiumPath, KEY, type Site, startBrowser, startSite, type TestBrowser } from "./graphiql-site.js";

/** A browser has to start on a machine that others use too. */
jest.setTimeout(90_000);

const STARTER = `query Jane { customer(id: "1") { ...names } }

# Leave this one open.
subscription Recorded { interactionRecorded { summary } }

fragment names on Customer { displayName }`;

describe("the page and its assets", () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({ graphqlPath: "/graphql", key: KEY, starter: STARTER });
  });
  afterAll(() => site.stop());

  test("the page allows its own origin only and carries no inline script", async () => {
    const page = await get(site, "/graphiql");
    expect(page.status).toBe(200);
    expect(page.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    expect(String(page.headers["content-security-policy"]).split("; ")).toEqual([
      "default-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data:",
      "font-src 'self' data:",
      `connect-src 'self' ws://${site.host} wss://${site.host}`,
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    const scripts = page.body.toString().match(/<script[\s\S]*?<\/script>/g);
    expect(scripts).toHaveLength(5);
    for (const script of scripts ?? [])
      expect(script).toMatch(/^<script defer src="\/graphiql\/[\w.-]+"><\/script>$/);
    expect(page.body.toString()).not.toMatch(/https?:/);
  });

  test("a host name that is no host name stays out of the policy", async () => {
    const page = await get(site, "/graphiql", { host: "a.example; script-src *" });
    expect(page.headers["content-security-policy"]).toContain("connect-src 'self'; ");
    expect(page.headers["content-security-policy"]).not.toContain("script-src");
  });

  test("an asset is the installed file, immutable by its version, in the form the browser takes", async () => {
    const installed = await readFile(
      path.join(
        path.dirname(createRequire(import.meta.url).resolve("graphiql/package.json")),
        "graphiql.min.js",
      ),
    );
    const asset = "/graphiql/graphiql-3.8.2.js";
    const plain = await get(site, asset);
    const gzipped = await get(site, asset, { "accept-encoding": "gzip, br;q=0" });
    const brotli = await get(site, asset, { "accept-encoding": "gzip, deflate, br, zstd" });
    for (const answer of [plain, gzipped, brotli]) {
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        "content-type": "text/javascript; charset=utf-8",
        "cache-control": "public, max-age=31536000, immutable",
        vary: "accept-encoding",
        "x-content-type-options": "nosniff",
        "content-length": String(answer.body.length),
      });
    }
    expect([plain, gzipped, brotli].map(({ headers }) => headers["content-encoding"])).toEqual([
      undefined,
      "gzip",
      "br",
    ]);
    expect(plain.body.equals(installed)).toBe(true);
    expect(gunzipSync(gzipped.body).equals(installed)).toBe(true);
    expect(brotliDecompressSync(brotli.body).equals(installed)).toBe(true);
    expect(brotli.body.length).toBeLessThan(700_000);
  });

  test("HEAD answers the headers of GET and no body; other methods are refused; other paths are not its own", async () => {
    const page = await get(site, "/graphiql");
    const head = await get(site, "/graphiql", {}, "HEAD");
    expect([head.status, head.headers["content-length"], head.body.length]).toEqual([
      200,
      String(page.body.length),
      0,
    ]);
    const post = await get(site, "/graphiql", {}, "POST");
    expect([post.status, post.headers.allow]).toEqual([405, "GET, HEAD"]);
    for (const elsewhere of ["/graphiqlx", "/graphiql/../package.json", "/graphiql/react.js", "/"]) {
      expect((await get(site, elsewhere)).body.toString()).toBe("not graphiql");
    }
  });

  test("the key is handed to a loopback name only, and never stored", async () => {
    const config = await get(site, "/graphiql/config.json");
    expect(config.headers["cache-control"]).toBe("no-store");
    expect(config.headers["access-control-allow-origin"]).toBeUndefined();
    expect(JSON.parse(config.body.toString()).headers).toBe(`{\n  "authorization": "Bearer ${KEY}"\n}`);
    for (const host of ["localhost:4000", "[::1]:4000", "127.0.0.1"]) {
      expect((await get(site, "/graphiql/config.json", { host })).body.toString()).toContain(KEY);
    }
    for (const host of ["rebound.example", "127.0.0.1.example", "localhost.example:4000"]) {
      const withheld = await get(site, "/graphiql/config.json", { host });
      expect(JSON.parse(withheld.body.toString()).headers).toContain("Bearer PUT-YOUR-API-KEY-HERE");
      expect(withheld.body.toString()).not.toContain(KEY);
    }
  });

  test("each operation of the starter has a tab, with its heading, its comments and its fragments", async () => {
    const config = JSON.parse((await get(site, "/graphiql/config.json")).body.toString());
    expect(config.tabs).toEqual([
      "# Query: Ctrl-Enter runs it; the key is under Headers.\n" +
        'query Jane { customer(id: "1") { ...names } }\n\nfragment names on Customer { displayName }\n',
      "# Leave this one open.\nsubscription Recorded { interactionRecorded { summary } }\n",
    ]);
    expect(() => createGraphiql({ graphqlPath: "/graphql", starter: "query {" })).toThrow("Syntax Error");
  });

  test("no value given to it reaches the page as markup", async () => {
    const markup = "</script><script>alert(1)</script>";
    const hostile = await startSite({
      graphqlPath: "/graphql",
      key: markup,
      starter: `# ${markup}\n{ __typename }`,
    });
    try {
      expect((await get(hostile, "/graphiql")).body).toEqual((await get(site, "/graphiql")).body);
      const config = await get(hostile, "/graphiql/config.json");
      expect(config.headers["content-type"]).toBe("application/json; charset=utf-8");
      expect(JSON.parse(config.body.toString()).tabs).toEqual([`# ${markup}\n{ __typename }\n`]);
    } finally {
      await hostile.stop();
    }
  });
});

const inBrowser = chromiumPath ? describe : describe.skip;
inBrowser(`in a browser${chromiumPath ? "" : " (SKIPPED: no Chromium found; set CHROMIUM_PATH)"}`, () => {
  let site: Site;
  let browser: TestBrowser;
  beforeAll(async () => {
    site = await startSite({ graphqlPath: "/graphql", key: KEY, starter: STARTER });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.stop();
    await site?.stop();
  });

  test("the first query runs as it stands and shows its data", async () => {
    const page = await browser.open(`${site.origin}/graphiql`);
    await page.getByRole("tab", { name: "Jane" }).waitFor();
    expect(await page.locator(".graphiql-tab-button").allTextContents()).toEqual(["Jane", "Recorded"]);
    expect(await headersOf(page)).toBe(`{\n  "authorization": "Bearer ${KEY}"\n}`);
    await run(page);
    await answerShows(page, '"displayName": "Jane Doe"');
  });

  test("documentation is read from the schema, offline", async () => {
    const page = await browser.open(`${site.origin}/graphiql`);
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.locator(".graphiql-doc-explorer").getByText("Query", { exact: true }).click();
    await page.getByText("Everything the test knows.").waitFor();
    await page.getByRole("button", { name: "Open settings dialog" }).click();
    await page.getByRole("dialog").getByText("Clear storage").waitFor();
    expect(await page.getByRole("dialog").getByText("Persist headers").count()).toBe(0);
  });

  test("the subscription shows each message as it is pushed", async () => {
    const page = await browser.open(`${site.origin}/graphiql`);
    await page.getByRole("tab", { name: "Recorded" }).click();
    const listening = once(site.events, "listening");
    await run(page);
    await listening;
    for (const summary of ["Where is my parcel?", "It came, thank you."]) {
      site.events.emit("recorded", summary);
      await answerShows(page, `"summary": "${summary}"`);
    }
  });

  test("other headers open another socket, and x-api-key serves as well", async () => {
    const page = await browser.open(`${site.origin}/graphiql`);
    await page.getByRole("tab", { name: "Recorded" }).click();
    const seen = site.connectionParams.length;
    const subscribeAndSee = async (summary: string) => {
      const listening = once(site.events, "listening");
      await run(page);
      await listening;
      site.events.emit("recorded", summary);
      await answerShows(page, `"summary": "${summary}"`);
      const ended = once(site.events, "ended");
      await page.getByRole("button", { name: "Stop query" }).click();
      await ended;
    };
    await subscribeAndSee("by bearer");
    await writeHeaders(page, `{ "X-API-Key": "${KEY}" }`);
    await subscribeAndSee("by api key");
    expect(site.connectionParams.slice(seen)).toEqual([
      { authorization: `Bearer ${KEY}` },
      { "x-api-key": KEY },
    ]);
  });

  test("a wrong key is answered with the server's error, over both transports; the right one brings the documentation", async () => {
    const page = await browser.open(`${site.origin}/graphiql`);
    await page.getByRole("tab", { name: "Jane" }).waitFor();
    await writeHeaders(page, '{ "authorization": "Bearer wrong" }');
    await refetchUntil(page, 401);
    await answerShows(page, '"code": "UNAUTHENTICATED"');
    await page.getByRole("tab", { name: "Recorded" }).click();
    await writeHeaders(page, '{ "authorization": "Bearer wrong" }');
    await run(page);
    await answerShows(page, "socket closed 4403 Forbidden");
    expect((await page.locator(".result-window").innerText()).match(/"errors"/g)).toHaveLength(1);

    await page.getByRole("tab", { name: "Jane" }).click();
    await writeHeaders(page, `{ "authorization": "Bearer ${KEY}" }`);
    const introspected = page.waitForResponse(
      (response) => response.status() === 200 && isIntrospection(response),
    );
    await run(page);
    await answerShows(page, '"displayName": "Jane Doe"');
    await introspected;
  });

  test("no key is left in the browser's storage, and a new load prefills it again", async () => {
    const page = await browser.open(`${site.origin}/graphiql`);
    await page.getByRole("tab", { name: "Jane" }).waitFor();
    await run(page);
    await answerShows(page, '"displayName": "Jane Doe"');
    const stored = await storedWith(page, "graphiql:tabState");
    expect(JSON.parse(stored["graphiql:queries"] ?? "").queries).toHaveLength(1);
    expect(JSON.stringify(stored)).not.toContain(KEY);
    await page.reload();
    await page.getByRole("tab", { name: "Jane" }).waitFor();
    expect(await headersOf(page)).toContain(KEY);
    await page.getByRole("button", { name: "Show History" }).click();
    await page.locator(".graphiql-history-item-label").first().click();
    expect(await headersOf(page)).toContain(KEY);
  });

  test("all of the above asked nothing outside the origin and broke no rule of the policy", () => {
    expect(browser.requests.length).toBeGreaterThan(20);
    expect(
      browser.requests.filter((url) => !url.startsWith(`http://${site.host}/`) && !url.startsWith("data:")),
    ).toEqual([]);
    expect(new Set(browser.sockets)).toEqual(new Set([`ws://${site.host}/graphql`]));
    expect(browser.violations).toEqual([]);
    expect(browser.faults).toEqual([]);
  });
});

function run(page: Page) {
  return page.locator(".graphiql-execute-button").click();
}

function answerShows(page: Page, text: string) {
  return page.locator(".result-window", { hasText: text }).waitFor();
}

function isIntrospection(response: Response): boolean {
  return response.request().postData()?.includes("IntrospectionQuery") === true;
}

/** GraphiQL takes a moment to see what was written into the editor of headers, and asks with what was there before. */
async function refetchUntil(page: Page, status: number): Promise<void> {
  for (let answered = 0; answered !== status; ) {
    const answer = page.waitForResponse(isIntrospection);
    await page.getByRole("button", { name: "Re-fetch GraphQL schema" }).click();
    answered = (await answer).status();
  }
}

function headersEditor(page: Page) {
  return page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror");
}

function headersOf(page: Page): Promise<string> {
  return headersEditor(page).evaluate((element: { CodeMirror?: { getValue(): string } }) => {
    return element.CodeMirror?.getValue() ?? "";
  });
}

/** All that is in local storage, once the named item is there; not waitForFunction, which needs eval. */
function storedWith(page: Page, name: string): Promise<Record<string, string>> {
  return page.evaluate(
    `new Promise((done) => {
      const look = () => localStorage.getItem(${JSON.stringify(name)}) ? done({ ...localStorage }) : requestAnimationFrame(look);
      look();
    })`,
  );
}

async function writeHeaders(page: Page, text: string) {
  await headersEditor(page).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
  expect(await headersOf(page)).toBe(text);
}

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** By node:http, which takes any Host and undoes no content encoding. */
async function get(
  site: Site,
  target: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Answer> {
  const [hostname, port] = site.host.split(":");
  const outgoing = request({ hostname, port, path: target, method, headers }).end();
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  return { status: incoming.statusCode, headers: incoming.headers, body: await readAll(incoming) };
}
