import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { benchFolder } from "./cluster.mjs";

/** The peers, and what loads them, are installed apart from the product, at the first run and when one is missing. */
export function installPeers(log) {
  const installed = (name) => existsSync(path.join(benchFolder, "node_modules", name));
  if (installed("autocannon") && installed("postgraphile") && installed("node/bin/node")) return;
  log("installing the peers into bench/node_modules");
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: benchFolder,
    stdio: ["ignore", "ignore", "inherit"],
  });
}
