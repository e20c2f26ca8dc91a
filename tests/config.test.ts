import { expect, test } from "@jest/globals";
import { ConfigError, readConfig } from "../src/config.js";

test("without variables the server listens on loopback, on port 4000, with an embedded database", () => {
  expect(readConfig({ PORT: "" })).toEqual({
    databaseUrl: null,
    port: 4000,
    host: "127.0.0.1",
    adminKey: null,
    tokens: null,
    dataFolder: ".data",
    logLevel: "info",
    phoneRegion: null,
    allowedOrigins: [],
    compiledReads: true,
    explainReads: false,
    maxConnectionsPerKey: 10_000,
    trustedDocuments: null,
    sharedBudgets: false,
    budget: { maximum: 200_000, restoreRate: 20_000 },
    audit: "all",
    privacySecrets: [],
    exportSigningKey: null,
    pseudonymSecret: null,
    federation: false,
    eventRetentionDays: 7,
    natsUrl: null,
    webhookPrivateAddresses: false,
  });
});

test("all bad variables are reported at once, and no value is repeated", () => {
  const read = () =>
    readConfig({
      DATABASE_URL: "mysql://secret",
      PORT: "70000",
      HOST: "a b",
      ADMIN_API_KEY: "short",
      LOG_LEVEL: "loud",
      PHONE_REGION: "Persia",
      ALLOWED_ORIGINS: "https://ok.example, nonsense",
      FEDERATION: "yes",
      EVENT_RETENTION_DAYS: "0.5",
      NATS_URL: "nats://user:secret@broker:4222,http://broker",
    });
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(
    [
      "The environment is not usable:",
      "  DATABASE_URL must start with postgres:// or postgresql://",
      "  PORT must be a whole number from 0 to 65535",
      "  HOST must be a host name or an address",
      "  ADMIN_API_KEY must have at least 16 characters",
      "  LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent",
      "  PHONE_REGION must be a country, ISO 3166-1 alpha-2, like IR",
      "  ALLOWED_ORIGINS must be origins like https://app.example.com, separated by commas",
      "  FEDERATION must be 1 or 0",
      "  EVENT_RETENTION_DAYS must be a whole number of days from 1 to 3650",
      "  NATS_URL must be nats://host:4222 or tls://host:4222, several separated by commas",
    ].join("\n"),
  );
});

test("tokens are taken where the issuer's keys, its name and the audience are given, and by a safe way only", () => {
  const given = {
    JWT_JWKS_URL: "https://login.example.com/keys",
    JWT_ISSUER: "https://login.example.com",
    JWT_AUDIENCE: "customer-360",
  };
  expect(readConfig(given).tokens).toEqual({
    jwksUrl: "https://login.example.com/keys",
    issuer: "https://login.example.com",
    audience: "customer-360",
    roleClaim: "roles",
  });
  expect(readConfig({ ...given, JWT_JWKS_URL: "http://127.0.0.1:8080/keys" }).tokens?.jwksUrl).toBe(
    "http://127.0.0.1:8080/keys",
  );
  expect(() => readConfig({ ...given, JWT_JWKS_URL: "http://login.example.com/keys" })).toThrow(
    "JWT_JWKS_URL must be an https URL",
  );
  expect(() => readConfig({ ...given, JWT_AUDIENCE: "" })).toThrow(
    "JWT_AUDIENCE must be set where one of JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE is",
  );
});
