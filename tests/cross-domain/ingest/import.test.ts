import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { sql } from "drizzle-orm";
import { createPlace, orders, type Place, visitHeader, visitRows, visits } from "./given.js";

let place: Place;
beforeEach(async () => {
  place = await createPlace();
});
afterEach(() => place.end());

test("every row becomes an item once; the same file again is known, and a restart finds duplicates only", async () => {
  const file = place.file("visits.csv", visitHeader + visitRows(1, 2_500));
  const [first] = (await place.import({ mapping: visits, files: [file] })).files;
  expect(first).toMatchObject({
    rows: 2_500,
    recorded: 2_500,
    duplicates: 0,
    rejected: 0,
    outcome: "IMPORTED",
  });
  expect([await place.count("interactions"), await place.count("customers")]).toEqual([2_500, 7]);
  const [again] = (await place.import({ mapping: `# a comment\n${visits}`, files: [file] })).files;
  expect(again).toMatchObject({ rows: 0, recorded: 0, outcome: "ALREADY_IMPORTED", linesDone: 2_501 });
  const zipped = place.file("visits.csv.gz", gzipSync(readFileSync(file)));
  const [packed] = (await place.import({ mapping: visits, files: [zipped] })).files;
  expect(packed).toMatchObject({ outcome: "ALREADY_IMPORTED" });
  const [restarted] = (await place.import({ mapping: visits, files: [zipped], restart: true })).files;
  expect(restarted).toMatchObject({ rows: 2_500, recorded: 0, duplicates: 2_500, outcome: "IMPORTED" });
  expect(await place.count("interactions")).toBe(2_500);
  expect(existsSync(path.join(place.folder, "visits.csv.rejects.jsonl"))).toBe(false);
});

test("byte order mark, CR LF, quoted line feeds and Persian text arrive as they are", async () => {
  const text =
    'v1,c1,call,2026-01-01T10:00:00Z,"سلام، ""علی""\r\nخط دوم"\r\nv2,,letter,2026-01-02T10:00:00Z,';
  const file = place.file("persian.csv", `\ufeff${visitHeader.trim()}\r\n${text}`);
  const report = await place.import({ mapping: visits, files: [file] });
  expect(report.files[0]).toMatchObject({ rows: 2, recorded: 2, linesDone: 4 });
  const rows = await place.database.read.execute(
    sql`select i.source_ref, i.channel, i.summary, c.anonymous from interactions i join customers c on c.id = i.customer_id order by 1`,
  );
  expect([...rows]).toEqual([
    { source_ref: "v1", channel: "phone", summary: 'سلام، "علی"\r\nخط دوم', anonymous: false },
    { source_ref: "v2", channel: "mail", summary: null, anonymous: true },
  ]);
});

test("bad rows are rejected with line and reason, without their content; the others are taken", async () => {
  const rows = [
    "a1,c1,call,2026-01-01T10:00:00Z,fine",
    "a2,c1,call,yesterday,secret",
    "a3,c1,fax,2026-01-01T10:00:00Z,secret",
    "a4,c1,call",
    ",c1,call,2026-01-01T10:00:00Z,secret",
    'a6,c"1,call,2026-01-01T10:00:00Z,secret',
    "a1,c1,call,2026-01-01T10:00:00Z,twin",
  ];
  const file = place.file("visits.csv", `${visitHeader}${rows.join("\n")}`);
  const report = await place.import({ mapping: visits, files: [file] });
  expect(report.files[0]).toMatchObject({
    rows: 7,
    recorded: 1,
    duplicates: 1,
    rejected: 5,
    outcome: "IMPORTED",
  });
  expect(place.rejects("visits.csv")).toMatchObject([
    { line: 3, code: "INVALID_DATE", field: "occurredAt" },
    { line: 4, code: "UNMAPPED_VALUE", field: "channel" },
    { line: 5, code: "COLUMN_COUNT", field: null },
    { line: 6, field: "sourceRef" },
    { line: 7, code: "INVALID_QUOTES", field: null },
  ]);
  expect(JSON.stringify(place.rejects("visits.csv"))).not.toContain("secret");
  await place.import({ mapping: visits, files: [file], restart: true, rejectsWithRows: true });
  expect(place.rejects("visits.csv")[0]).toMatchObject({ line: 3, row: rows[1] });
  expect(place.rejects("visits.csv")).toHaveLength(5);
});

test.each([
  ["MISSING_COLUMN", "v.csv", "id,who,way,at\n1,2,3,4\n"],
  ["WRONG_DELIMITER", "v.csv", (visitHeader + visitRows(1, 3)).replaceAll(",", ";")],
  ["INVALID_HEADER", "v.csv", "id,who,way,at,text,id\n"],
  ["EMPTY_FILE", "v.csv", ""],
  ["EMPTY_FILE", "v.csv", "\n\n"],
  ["INVALID_GZIP", "v.csv.gz", visitHeader],
  ["INVALID_GZIP", "v.csv.gz", gzipSync(visitHeader + visitRows(1, 9_000)).subarray(0, 20_000)],
  ["INVALID_ENCODING", "v.csv", Buffer.from(`\ufeff${visitHeader}`, "utf16le")],
])("%s is told before anything is written, whatever other files hold", async (code, name, content) => {
  const good = place.file("good.csv", visitHeader + visitRows(1, 10));
  const bad = place.file(name, content);
  await expect(place.import({ mapping: visits, files: [good, bad] })).rejects.toMatchObject({ code });
  expect([await place.count("interactions"), await place.count("customers")]).toEqual([0, 0]);
});

test("a missing file, a folder, a bad source and a bad batch size are told", async () => {
  const file = place.file("v.csv", visitHeader);
  const attempt = (options: object) => place.import({ mapping: visits, files: [file], ...options });
  await expect(attempt({ files: ["nowhere.csv"] })).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  await expect(attempt({ files: [place.folder] })).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  await expect(attempt({ batchSize: 5_001 })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  await expect(attempt({ source: "No Code" })).rejects.toMatchObject({
    extensions: { code: "BAD_USER_INPUT" },
  });
  expect((await attempt({})).files[0]).toMatchObject({ rows: 0, outcome: "IMPORTED" });
});

test("a dry run checks everything, the database's own rules included, and writes nothing", async () => {
  const unknownChannel = visits.replace("letter: mail", "letter: pigeon");
  const rows = "v1,c1,call,2026-01-01T10:00:00Z,\nv2,c1,letter,2026-01-01T10:00:00Z,\n";
  const file = place.file("visits.csv", visitHeader + rows);
  const [report] = (await place.import({ mapping: unknownChannel, files: [file], dryRun: true })).files;
  expect(report).toMatchObject({ rows: 2, recorded: 1, rejected: 1, outcome: "CHECKED" });
  expect(place.rejects("visits.csv")).toMatchObject([{ line: 3, code: "UNKNOWN_CHANNEL", field: "channel" }]);
  const runs = await place.database.read.execute(sql`select 1 from import_runs`);
  expect([await place.count("interactions"), await place.count("events"), runs.length]).toEqual([0, 0, 0]);
});

test("rows with one key become one item, mixed rows too; a late row and a broken item are rejected whole", async () => {
  const rows = [
    "o1,c1,a,1,1.50",
    "o2,c2,b,2,2.00",
    "o1,c1,c,3,1.00",
    "o3,c3,d,x,1.00", // line 5: no number, so o3 is left out whole
    "o3,c3,e,1,1.00",
    "o4,c4,f,1,1.00",
    "o4,c4,g,0,1.00", // line 8: the item check refuses it
    "o5,c5,h,1,1.00",
    "o5,c5,i,1,1.00",
    "o1,c1,j,1,1.00", // line 11: o1 is closed
    "o6,c6,k,1", // line 12: its key is readable
    "o6,c6,l,1,1.00",
    'x"y,c7,m,1,1.00', // line 14: may belong to o6 or to o7
    "o7,c7,n,1,1.00",
    "o8,c8,o,1,1.00",
  ];
  const file = place.file("orders.csv", `order,who,sku,pieces,price\n${rows.join("\n")}`);
  const [report] = (await place.import({ mapping: orders, files: [file] })).files;
  expect(report).toMatchObject({ rows: 15, recorded: 4, rejected: 6, linesDone: 16 });
  expect(place.rejects("orders.csv")).toMatchObject([
    { line: 5, code: "INVALID_NUMBER", field: "items.quantity" },
    { line: 8, itemLine: 7, code: "INVALID_NUMBER", field: "items.1.quantity" },
    { line: 11, code: "GROUP_CLOSED" },
    { line: 12, code: "COLUMN_COUNT" },
    { line: 14, code: "INVALID_QUOTES" },
    { line: 15, code: "ITEM_INCOMPLETE" },
  ]);
  const stored = await place.database.read.execute(
    sql`select source_ref, total::text, (select string_agg(sku, '' order by position) from purchase_items i where i.purchase_id = p.id) skus from purchases p order by 1`,
  );
  expect([...stored]).toEqual([
    { source_ref: "o1", total: "4.50", skus: "ac" },
    { source_ref: "o2", total: "4.00", skus: "b" },
    { source_ref: "o5", total: "2.00", skus: "hi" },
    { source_ref: "o8", total: "1.00", skus: "o" },
  ]);
});

test("JSON Lines go through a mapping, or as they stand", async () => {
  const line = { id: "j1", who: "c1", way: "call", at: "2026-01-01T10:00:00Z" };
  const mapped = place.file("m.jsonl", `${JSON.stringify(line)}\n{"id":"j2"}\nnonsense\n`);
  const [first] = (await place.import({ mapping: visits, files: [mapped] })).files;
  expect(first).toMatchObject({ rows: 3, recorded: 1, rejected: 2 });
  expect(place.rejects("m.jsonl")).toMatchObject([
    { line: 2, field: "channel" },
    { line: 3, code: "INVALID_JSON" },
  ]);
  const item = {
    sourceRef: "s1",
    customer: { sourceRef: "c1" },
    channel: "phone",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "visit",
    occurredAt: "2026-01-01T10:00:00Z",
  };
  const asIs = place.file("a.ndjson", `${JSON.stringify(item)}\n`);
  const [second] = (await place.import({ mapping: "record: interactions", files: [asIs] })).files;
  expect(second).toMatchObject({ rows: 1, recorded: 1 });
  expect([await place.count("interactions"), await place.count("customers")]).toEqual([2, 1]);
});

test("an import that is asked to stop finishes its batch and goes on from there", async () => {
  const file = place.file("visits.csv", visitHeader + visitRows(1, 500));
  const stop = new AbortController();
  const options = { mapping: visits, files: [file], batchSize: 50 };
  const [stopped] = (await place.import({ ...options, signal: stop.signal, onProgress: () => stop.abort() }))
    .files;
  expect(stopped!.outcome).toBe("STOPPED");
  const done = stopped!.recorded;
  expect([done > 0, done < 500, await place.count("interactions")]).toEqual([true, true, done]);
  expect(stopped!.linesDone).toBe(done + 1);
  const [rest] = (await place.import(options)).files;
  expect(rest).toMatchObject({
    rows: 500 - done,
    recorded: 500 - done,
    duplicates: 0,
    resumedAfterLine: done + 1,
  });
  expect(await place.count("interactions")).toBe(500);
});

test("a file that changes while it is imported is not taken for finished", async () => {
  const file = place.file("visits.csv", visitHeader + visitRows(1, 50));
  let changed = false;
  const onProgress = () => {
    if (!changed) writeFileSync(file, visitHeader + visitRows(1, 51));
    changed = true;
  };
  await expect(place.import({ mapping: visits, files: [file], onProgress })).rejects.toMatchObject({
    code: "FILE_CHANGED",
  });
  const [again] = (await place.import({ mapping: visits, files: [file] })).files;
  expect(again).toMatchObject({ recorded: 1, duplicates: 50, outcome: "IMPORTED" });
});
