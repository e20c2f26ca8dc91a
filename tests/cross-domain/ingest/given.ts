import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { sql } from "drizzle-orm";
import { type ImportOptions, importFiles } from "../../../src/cross-domain/ingest/import.actions.js";
import { type Database, openDatabase } from "../../../src/platform/database/database.js";
import { Suppressions } from "../../../src/platform/privacy/suppressions.js";
import { createTestDatabase } from "../../support/database.js";

export const visits = `
record: interactions
fields:
  sourceRef: id
  customer: { fields: { sourceRef: who } }
  channel: { from: way, map: { call: phone, letter: mail } }
  direction: { const: INBOUND }
  initiative: { const: UNSOLICITED }
  kind: { const: visit }
  summary: text
  occurredAt: at
`;

export const orders = `
record: purchases
groupBy: { column: order, window: 3 }
fields:
  sourceRef: order
  customer: { fields: { sourceRef: who } }
  occurredAt: { const: "2026-01-01T10:00:00Z" }
  currency: { const: EUR }
  items:
    each:
      sku: sku
      quantity: { from: pieces, as: integer }
      unitPrice: { from: price, as: decimal }
`;

export interface Place {
  database: Database;
  folder: string;
  /** Writes a file and returns its path. */
  file(name: string, content: string | Buffer): string;
  import(
    options: Partial<ImportOptions> & { files: string[]; mapping: string },
  ): ReturnType<typeof importFiles>;
  rejects(name: string): unknown[];
  count(
    table:
      | "customers"
      | "events"
      | "identities"
      | "interactions"
      | "profiles"
      | "purchase_items"
      | "purchases",
  ): Promise<number>;
  end(): Promise<void>;
}

/** A database and a folder of one's own. */
export async function createPlace(): Promise<Place> {
  const { connection, drop } = await createTestDatabase();
  const database = openDatabase(connection);
  const folder = mkdtempSync(path.join(os.tmpdir(), "c360-import-"));
  const suppressions = await Suppressions.open(database, []);
  const services = { database, phoneRegion: null, suppressions, onCommitted: () => {} };
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  return {
    database,
    folder,
    file,
    import: ({ mapping, ...options }) =>
      importFiles(services, {
        source: "test",
        rejectsFolder: folder,
        mapping: file("mapping.yaml", mapping),
        ...options,
      }),
    rejects: (name) =>
      readFileSync(path.join(folder, `${name}.rejects.jsonl`), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    async count(table) {
      const rows = await database.read.execute(sql`select count(*)::int as n from ${sql.identifier(table)}`);
      return (rows[0] as { n: number }).n;
    },
    async end() {
      await database.close();
      await drop();
      rmSync(folder, { recursive: true });
    },
  };
}

export function visitRows(from: number, to: number): string {
  let text = "";
  for (let i = from; i <= to; i++) text += `v${i},c${i % 7},call,2026-01-01T10:00:00Z,hello ${i}\n`;
  return text;
}
export const visitHeader = "id,who,way,at,text\n";
