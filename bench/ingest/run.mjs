import { parseArgs } from "node:util";
import { startCluster } from "./cluster.mjs";
import { runImports } from "./import.mjs";
import { runMutation } from "./mutation.mjs";

const sizes = {
  quick: { mutation: { rounds: 4, batches: 8 }, imports: { rounds: 3, rows: 40_000, retailRounds: 0 } },
  full: { mutation: { rounds: 9, batches: 24 }, imports: { rounds: 5, rows: 300_000, retailRounds: 3 } },
};

/**
 * Measures what ingest costs beside the least that PostgreSQL asks for. `log` hears of progress.
 * @param {{ quick?: boolean, only?: "mutation" | "import", log?: (line: string) => void }} options
 * @returns {Promise<{ mutationVsInsert: number | null, importVsCopy: number | null, table: object }>}
 */
export async function runIngest({ quick = false, only, log = () => {} } = {}) {
  const size = quick ? sizes.quick : sizes.full;
  const cluster = await startCluster();
  try {
    const mutation = only === "import" ? null : await runMutation(cluster, { ...size.mutation, log });
    const imports = only === "mutation" ? null : await runImports(cluster, { ...size.imports, log });
    return {
      mutationVsInsert: mutation?.ratio ?? null,
      importVsCopy: imports?.ratio ?? null,
      table: { mutation, imports },
    };
  } finally {
    await cluster.stop();
  }
}

const usage = `usage: node bench/ingest/run.mjs [--quick] [--only mutation|import]
Build first: npm run build. Online Retail is taken from DATA_DIR (default ../shared/data) where it is.`;

if (import.meta.filename === process.argv[1]) {
  const { values } = parseArgs({
    options: { quick: { type: "boolean" }, only: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help) console.log(usage);
  else
    console.log(JSON.stringify(await runIngest({ ...values, log: (line) => console.error(line) }), null, 1));
}
