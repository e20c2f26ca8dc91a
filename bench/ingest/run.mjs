import { startCluster } from "./cluster.mjs";
import { runImports } from "./import.mjs";
import { runMutation } from "./mutation.mjs";

/**
 * Measures what ingest costs beside the least that PostgreSQL asks for. `log` hears of progress.
 * @param {{ quick?: boolean, log?: (line: string) => void }} options
 */
export async function runIngest({ quick = false, only = null, log = () => {} } = {}) {
  const cluster = await startCluster();
  try {
    const size = quick ? { rounds: 5, batches: 12, rows: 60_000 } : { rounds: 9, batches: 24, rows: 300_000 };
    const mutation = only === "import" ? null : await runMutation(cluster, { ...size, log });
    const imports = only === "mutation" ? null : await runImports(cluster, { ...size, rounds: quick ? 3 : 5, log });
    return {
      mutationVsInsert: mutation?.ratio,
      importVsCopy: imports?.ratio,
      table: { mutation, imports },
    };
  } finally {
    await cluster.stop();
  }
}

if (import.meta.filename === process.argv[1]) {
  const { parseArgs } = await import("node:util");
  const { values } = parseArgs({ options: { quick: { type: "boolean" }, only: { type: "string" } } });
  const result = await runIngest({ ...values, log: (line) => console.error(line) });
  console.log(JSON.stringify(result, null, 1));
}
