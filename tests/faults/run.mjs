// npm run test:faults [-- --long] [-- names of rows or files]: the fault table against real servers.
import { spawnSync } from "node:child_process";
import path from "node:path";

const given = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [
    "--experimental-vm-modules",
    "--no-warnings=ExperimentalWarning",
    path.resolve("node_modules/jest/bin/jest.js"),
    "--runInBand",
    "--verbose",
    ...(given.some((name) => name.includes("tests/")) ? [] : ["tests/faults"]),
    ...given.filter((name) => name !== "--long"),
  ],
  { stdio: "inherit", env: { ...process.env, FAULTS_LONG: given.includes("--long") ? "1" : "" } },
);
process.exit(status ?? 1);
