import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { type ApiKeyRow, accessRole } from "#schema/access.js";
import { consentPurpose } from "#schema/consent.js";
import { readConfig } from "./config.js";
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey } from "./domains/api-keys/api-key.actions.js";
import {
  defaultOverlapHours,
  maxOverlapHours,
  scopesOf,
  statusOf,
} from "./domains/api-keys/api-key.rules.js";
import { admin } from "./platform/access/caller.js";
import { idOfKeyText, startOfKeyText } from "./platform/access/key-text.js";
import { roles } from "./platform/access/roles.js";
import { scopes } from "./platform/access/scopes.js";
import { type Database, openDatabase } from "./platform/database/database.js";
import { migrateDatabase } from "./platform/database/migrate.js";
import type { Refusal } from "./platform/errors.js";
import { type Id, parseId } from "./platform/ids.js";
import { defaultBudgetPoints, defaultRestoredPerSecond } from "./platform/limits.js";
import { connectionOf, runMain } from "./runtime.js";

const examples = `
Roles and what they may do:
${Object.entries(roles)
  .map(
    ([role, own]) =>
      `  ${role.toLowerCase().padEnd(11)} ${own.length === scopes.length ? "everything" : own.join(" ")}`,
  )
  .join("\n")}

Examples:
  npm run --silent keys -- create "agent desktop" --role agent
  npm run --silent keys -- create "acme's dashboard" --role partner --partner acme --expires 2027-01-01T00:00:00Z
  npm run --silent keys -- create "nightly report" --role analyst --budget-points 50000 --restored-per-second 1000
  npm run --silent keys -- create "campaigns" --role analyst --purpose marketing
  npm run --silent keys -- list
  npm run --silent keys -- rotate key_0193... --overlap-hours 48
  npm run --silent keys -- revoke key_0193...

The database is the one of DATABASE_URL, else the embedded one in DATA_FOLDER, whether the server runs or not.
Exit codes: 0 done, 1 fault, 2 the command is not usable or was refused.`;

const exitCodes = { done: 0, usage: 2 } as const;

interface CreateOptions {
  role?: string;
  scope: string[];
  partner?: string;
  purpose?: string;
  trustedOnly: boolean;
  budgetPoints?: number;
  restoredPerSecond?: number;
  expires?: string;
}

const program = new Command("keys")
  .description("Makes, lists, rotates and revokes the keys that callers present.")
  .addHelpText("after", examples)
  .exitOverride();

program
  .command("create")
  .description("makes a key and prints it, this once")
  .argument("<name>", "what people call it: who uses it, and for what")
  .addOption(
    new Option("--role <role>", "its role").choices(accessRole.enumValues.map((role) => role.toLowerCase())),
  )
  .option("--scope <scope...>", "scopes besides those of the role", [])
  .option("--partner <code>", "the partner company that holds it; the role partner needs one")
  .addOption(
    new Option("--purpose <purpose>", "the only purpose it may read for").choices(
      consentPurpose.enumValues.map((purpose) => purpose.toLowerCase()),
    ),
  )
  .option("--trusted-only", "only trusted documents may be asked with it", false)
  .option(
    "--budget-points <points>",
    `points that its budget holds (default: as everybody's, ${defaultBudgetPoints} where RATE_LIMIT_POINTS says nothing else)`,
    wholeNumber,
  )
  .option(
    "--restored-per-second <points>",
    `points that come back each second (default: as everybody's, ${defaultRestoredPerSecond} where RATE_LIMIT_RESTORE says nothing else)`,
    wholeNumber,
  )
  .option("--expires <time>", "when it ends by itself, like 2027-01-01T00:00:00Z (default: never)")
  .action((name: string, { role, scope, purpose, expires, ...others }: CreateOptions) =>
    withDatabase(async (database) => {
      const item = {
        ...others,
        name,
        role: role?.toUpperCase(),
        scopes: scope,
        purpose: purpose?.toUpperCase(),
        expiresAt: expires,
      };
      tell(taken(await createApiKey(database, admin, item)));
    }),
  );

program
  .command("list")
  .description("lists the keys that are let in; when one was last used is noted within some minutes")
  .option("--all", "those that have ended too")
  .action(({ all = false }: { all?: boolean }) =>
    withDatabase(async (database) => console.log(tableOf(await listApiKeys(database, all)))),
  );

program
  .command("rotate")
  .description("gives a key a new secret and prints it, this once")
  .argument("<id>", "the key's id, or what it starts with", keyId)
  .option(
    "--overlap-hours <hours>",
    `how long the present secret is still let in, 0 to ${maxOverlapHours}`,
    wholeNumber,
    defaultOverlapHours,
  )
  .action((id: Id<"apiKey">, { overlapHours }: { overlapHours: number }) =>
    withDatabase(async (database) => tell(taken(await rotateApiKey(database, admin, id, overlapHours)))),
  );

program
  .command("revoke")
  .description("ends a key for good, within about a second")
  .argument("<id>", "the key's id, or what it starts with", keyId)
  .action((id: Id<"apiKey">) =>
    withDatabase(async (database) =>
      console.log(tableOf([taken(await revokeApiKey(database, admin, id)).apiKey])),
    ),
  );

class Refused extends Error {}

function taken<T extends object>(done: T | { refusal: Refusal }): T {
  if (!("refusal" in done)) return done;
  throw new Refused(`${done.refusal.code}: ${done.refusal.message}`);
}

async function withDatabase(work: (database: Database) => Promise<void>): Promise<void> {
  const postgres = await connectionOf(readConfig(process.env));
  const database = openDatabase(postgres.connection);
  try {
    await migrateDatabase(postgres.connection);
    await work(database);
  } finally {
    await database.close();
    await postgres.stop();
  }
}

/** The key alone on standard output, so that a script can take it; the rest is for people. */
function tell({ key, apiKey }: { key: string; apiKey: ApiKeyRow }): void {
  console.error(`${tableOf([apiKey])}\n\nThis key is shown once:`);
  console.log(key);
}

const columns: readonly [title: string, of: (row: ApiKeyRow) => string][] = [
  ["ID", ({ id }) => id],
  ["NAME", ({ name }) => name],
  ["STARTS WITH", ({ id }) => startOfKeyText(id)],
  ["STATUS", (row) => statusOf(row, Date.now())],
  ["ROLE", ({ role }) => role ?? "-"],
  ["PARTNER", ({ partner }) => partner ?? "-"],
  ["PURPOSE", ({ purpose }) => purpose?.toLowerCase() ?? "any"],
  ["EXPIRES", ({ expiresAt }) => expiresAt?.slice(0, 16) ?? "never"],
  ["LAST USED", ({ lastUsedAt }) => lastUsedAt?.slice(0, 16) ?? "-"],
  ["SCOPES", (row) => (row.role === "ADMIN" ? "everything" : scopesOf(row).join(" "))],
];

function tableOf(rows: readonly ApiKeyRow[]): string {
  const lines = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, of]) => of(row)))];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function keyId(text: string): Id<"apiKey"> {
  const id = parseId("apiKey", text) ?? idOfKeyText(text);
  if (!id) throw new InvalidArgumentError("It must be an id like key_0193..., or what a key starts with.");
  return id;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

await runMain(async () => {
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError) && !(error instanceof Refused)) throw error;
    if (error instanceof Refused) console.error(error.message);
    process.exitCode =
      error instanceof CommanderError && error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
});
