import { getCountries } from "libphonenumber-js/max";
import { z } from "zod";
import type { Allowance } from "./platform/access/budget.js";
import type { TokenOptions } from "./platform/access/tokens.js";
import {
  defaultBudgetPoints,
  defaultMaxConnectionsPerKey,
  defaultRestoredPerSecond,
} from "./platform/limits.js";

/** Everything the environment decides. */
export interface Config {
  databaseUrl: string | null;
  port: number;
  host: string;
  adminKey: string | null;
  /** Whose tokens are taken; null: none. */
  tokens: TokenOptions | null;
  dataFolder: string;
  logLevel: string;
  phoneRegion: string | null;
  allowedOrigins: readonly string[];
  compiledReads: boolean;
  explainReads: boolean;
  maxConnectionsPerKey: number;
  /** What a key may spend that has no allowance of its own. */
  budget: Allowance;
  /** Path of the manifest of trusted documents. */
  trustedDocuments: string | null;
  /** Budgets are kept in the database, for all nodes together. */
  sharedBudgets: boolean;
  audit: "all" | "changes" | "off";
  /** Secrets of the suppression list, the present one first; empty: the database keeps one of its own. */
  privacySecrets: readonly string[];
  /** PKCS#8 PEM of the key that signs exports; null: the database keeps one of its own. */
  exportSigningKey: string | null;
  /** From which partners' names for ids are made; null: partners are not answered. */
  pseudonymSecret: string | null;
  /** Serves as a subgraph of Apollo Federation v2. */
  federation: boolean;
  /** Days that events are kept for streams that resume. */
  eventRetentionDays: number;
  natsUrl: string | null;
  webhookPrivateAddresses: boolean;
}

/** Thrown with every bad variable at once, in words that say what is expected. Values are never repeated. */
export class ConfigError extends Error {}

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
/** Short keys can be guessed; sixteen characters of anything random cannot. */
const minAdminKeyLength = 16;
/** Who guesses it undoes every partner's pseudonyms: 32 characters of anything random cannot be guessed. */
const minPseudonymSecretLength = 32;
const maxPort = 65_535;
/** Ten years: more is a slip of the finger. */
const maxRetentionDays = 3_650;

const wholeDays = `must be a whole number of days from 1 to ${maxRetentionDays}`;
const natsServer = /^(nats|tls):\/\/[^/?#]+\/?$/;

/** As many as the hash that it keys has bytes. */
const minSecretLength = 32;

const onOff = z.enum(["on", "off"], "must be on or off");
const countAboveZero = z.coerce
  .number("must be a whole number above 0")
  .int("must be a whole number above 0")
  .min(1, "must be a whole number above 0");
const oneOrZero = z.enum(["1", "0"], "must be 1 or 0");

/** Keys that came over plain HTTP could be anybody's; this machine's own network is no such way. */
const isSafeUrl = (text: string) => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (
    protocol === "https:" || (protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname))
  );
};
const tokenVariables = ["JWT_JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE"] as const;

const environment = z.object({
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "must start with postgres:// or postgresql://")
    .refine((text) => URL.canParse(text), "must be a valid URL")
    .optional(),
  PORT: z.coerce
    .number(`must be a whole number from 0 to ${maxPort}`)
    .int(`must be a whole number from 0 to ${maxPort}`)
    .min(0, `must be a whole number from 0 to ${maxPort}`)
    .max(maxPort, `must be a whole number from 0 to ${maxPort}`)
    .default(4000),
  HOST: z
    .string()
    .regex(/^[0-9A-Za-z.:-]+$/, "must be a host name or an address")
    .default("127.0.0.1"),
  ADMIN_API_KEY: z
    .string()
    .min(minAdminKeyLength, `must have at least ${minAdminKeyLength} characters`)
    .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces")
    .optional(),
  JWT_JWKS_URL: z.string().refine(isSafeUrl, "must be an https URL").optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  JWT_ROLE_CLAIM: z.string().default("roles"),
  DATA_FOLDER: z.string().min(1, "must not be empty").default(".data"),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(", ")}`).default("info"),
  PHONE_REGION: z
    .string()
    .refine(
      (code) => (getCountries() as string[]).includes(code),
      "must be a country, ISO 3166-1 alpha-2, like IR",
    )
    .optional(),
  ALLOWED_ORIGINS: z
    .string()
    .transform((text) =>
      text
        .split(",")
        .map((origin) => origin.trim())
        .filter(Boolean),
    )
    .refine(
      (origins) => origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
      "must be origins like https://app.example.com, separated by commas",
    )
    .default([]),
  COMPILED_READS: onOff.default("on"),
  EXPLAIN_READS: onOff.default("off"),
  PSEUDONYM_SECRET: z
    .string()
    .min(minPseudonymSecretLength, `must have at least ${minPseudonymSecretLength} characters`)
    .optional(),
  MAX_CONNECTIONS_PER_KEY: countAboveZero.default(defaultMaxConnectionsPerKey),
  RATE_LIMIT_POINTS: countAboveZero.default(defaultBudgetPoints),
  RATE_LIMIT_RESTORE: countAboveZero.default(defaultRestoredPerSecond),
  TRUSTED_DOCUMENTS: z.string().optional(),
  RATE_LIMIT_STORE: z.enum(["memory", "postgres"], "must be memory or postgres").default("memory"),
  AUDIT: z.enum(["all", "changes", "off"], "must be all, changes or off").default("all"),
  PRIVACY_SECRETS: z
    .string()
    .transform((text) => text.split(",").map((secret) => secret.trim()))
    .refine(
      (secrets) => secrets.every((secret) => secret.length >= minSecretLength),
      `must be secrets of at least ${minSecretLength} characters, separated by commas`,
    )
    .default([]),
  EXPORT_SIGNING_KEY: z
    .string()
    .refine((pem) => pem.includes("BEGIN PRIVATE KEY"), "must be a private key, PKCS#8 PEM")
    .optional(),
  FEDERATION: oneOrZero.default("0"),
  EVENT_RETENTION_DAYS: z.coerce
    .number(wholeDays)
    .int(wholeDays)
    .min(1, wholeDays)
    .max(maxRetentionDays, wholeDays)
    .default(7),
  NATS_URL: z
    .string()
    .refine(
      (text) => text.split(",").every((server) => natsServer.test(server) && URL.canParse(server)),
      "must be nats://host:4222 or tls://host:4222, several separated by commas",
    )
    .optional(),
  WEBHOOK_PRIVATE_ADDRESSES: onOff.default("off"),
});

const variables = environment.superRefine((given, context) => {
  const missing = tokenVariables.filter((name) => given[name] === undefined);
  if (missing.length === tokenVariables.length) return;
  for (const name of missing)
    context.addIssue({
      code: "custom",
      path: [name],
      message: `must be set where one of ${tokenVariables.join(", ")} is`,
    });
});

/** Reads the environment. Empty variables count as not set. Throws ConfigError. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join(".")} ${issue.message}`);
    throw new ConfigError(`The environment is not usable:\n${[...new Set(lines)].join("\n")}`);
  }
  const { data } = parsed;
  return {
    databaseUrl: data.DATABASE_URL ?? null,
    port: data.PORT,
    host: data.HOST,
    adminKey: data.ADMIN_API_KEY ?? null,
    tokens: tokenOptions(data),
    dataFolder: data.DATA_FOLDER,
    logLevel: data.LOG_LEVEL,
    phoneRegion: data.PHONE_REGION ?? null,
    allowedOrigins: data.ALLOWED_ORIGINS,
    compiledReads: data.COMPILED_READS === "on",
    explainReads: data.EXPLAIN_READS === "on",
    maxConnectionsPerKey: data.MAX_CONNECTIONS_PER_KEY,
    budget: { maximum: data.RATE_LIMIT_POINTS, restoreRate: data.RATE_LIMIT_RESTORE },
    trustedDocuments: data.TRUSTED_DOCUMENTS ?? null,
    sharedBudgets: data.RATE_LIMIT_STORE === "postgres",
    audit: data.AUDIT,
    privacySecrets: data.PRIVACY_SECRETS,
    exportSigningKey: data.EXPORT_SIGNING_KEY ?? null,
    pseudonymSecret: data.PSEUDONYM_SECRET ?? null,
    federation: data.FEDERATION === "1",
    eventRetentionDays: data.EVENT_RETENTION_DAYS,
    natsUrl: data.NATS_URL ?? null,
    webhookPrivateAddresses: data.WEBHOOK_PRIVATE_ADDRESSES === "on",
  };
}

function tokenOptions(data: z.infer<typeof environment>): TokenOptions | null {
  const {
    JWT_JWKS_URL: jwksUrl,
    JWT_ISSUER: issuer,
    JWT_AUDIENCE: audience,
    JWT_ROLE_CLAIM: roleClaim,
  } = data;
  return jwksUrl && issuer && audience ? { jwksUrl, issuer, audience, roleClaim } : null;
}
