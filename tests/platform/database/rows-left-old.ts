import { type ConnectionOptions, openConnection } from "../../../src/platform/database/connection.js";
import type { SendOptions } from "../../../src/platform/database/driver-query.js";
import { collectGarbage, collectYoungGarbage, oldBytes } from "../../support/garbage.js";

// Prints, for each way of reading, the share of bytes read that lie in the old generation after young collections alone.

const ways: Record<string, SendOptions> = {
  asArrays: { asArrays: true },
  asByteTexts: { asByteTexts: true },
  rowOf: { rowOf: (values) => values },
};
const warmUps = 50;
const statements = 60;
const bytesOfRows = 300 * 200;
const text = "select repeat('a', 200) || n from generate_series(1, 300) as n";

const to = JSON.parse(process.env.CONNECTION ?? "") as ConnectionOptions;
const connection = await openConnection(to, { statementTimeoutMs: 10_000, readOnly: true });
const shares: Record<string, number> = {};
for (const [name, way] of Object.entries(ways)) {
  const read = async () => (await connection.send(text, [], { prepare: true, ...way })).length;
  for (let i = 0; i < warmUps; i++) await read();
  await collectGarbage();
  const before = oldBytes();
  for (let i = 0; i < statements; i++) {
    await read();
    await collectYoungGarbage();
  }
  await collectYoungGarbage();
  shares[name] = (oldBytes() - before) / (statements * bytesOfRows);
}
console.log(JSON.stringify(shares));
await connection.end();
