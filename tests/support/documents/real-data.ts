import { createReadStream, createWriteStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { importFiles } from "../../../src/cross-domain/ingest/import.actions.js";
import type { TestApp } from "../app.js";
import { createTemporaryFolder } from "../temporary-folder.js";

export const realDataFolder = path.resolve(process.env.DATA_DIR || "../shared/data");

/** Lines of each file: a few hundred orders and incidents, with their guests, returns and late events. */
const maxLines = 6_000;

const files = [
  { source: "online-retail", file: "online_retail/online_retail.csv.gz", mapping: "online-retail.yaml" },
  {
    source: "servicenow",
    file: "servicenow_incidents/incident_event_log.csv.gz",
    mapping: "servicenow-incidents.yaml",
  },
];

/** The first part of both real data sets. Answers no ids of its own. */
export async function givenRealData(app: TestApp): Promise<string[]> {
  const { folder, remove } = createTemporaryFolder();
  try {
    for (const { source, file, mapping } of files) {
      const slice = path.join(folder, `${source}.csv`);
      await copyLines(path.join(realDataFolder, file), slice);
      await importFiles(app.services, {
        source,
        mapping: path.join("examples/mappings", mapping),
        files: [slice],
        rejectsFolder: folder,
      });
    }
  } finally {
    remove();
  }
  return [];
}

async function copyLines(from: string, to: string): Promise<void> {
  const source = createReadStream(from);
  const target = createWriteStream(to);
  let count = 0;
  for await (const line of createInterface({ input: source.pipe(createGunzip()) })) {
    target.write(`${line}\n`);
    count++;
    if (count === maxLines) break;
  }
  source.destroy();
  await new Promise<void>((resolve) => target.end(resolve));
}
