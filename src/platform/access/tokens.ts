import { createRemoteJWKSet, customFetch, decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import { ApiError } from "../errors.js";
import type { Caller } from "./caller.js";
import { type Jwks, patientFetch } from "./jwks.js";
import { digest } from "./key-text.js";
import { expandRole, isRole } from "./roles.js";
import { isScope } from "./scopes.js";

/** Whose tokens are taken. */
export interface TokenOptions {
  /** Where the issuer publishes its keys. */
  jwksUrl: string;
  issuer: string;
  audience: string;
  /** The claim that names roles. */
  roleClaim: string;
}

/** Signatures by a private key. Neither `none`, nor HS256: whoever reads a published key could sign with that. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
/** How far the issuer's clock may be off. */
export const clockSkewSeconds = 30;
/** How long the issuer may take to answer: requests wait for it. */
const jwksTimeoutMs = 3_000;
/** How long its keys are taken without asking again: so soon one that it has withdrawn stops. */
const jwksMaxAgeMs = 600_000;
/** How often a token of an unknown key may make this node ask: so soon a new key is known. */
const jwksCooldownMs = 5_000;

/** Whether a presented text is a token rather than a key. */
export function isToken(presented: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(presented);
}

/**
 * Tells the caller of a token; null for one that is not valid here. Rejects with UNAVAILABLE where the issuer's keys are
 * needed and cannot be had. `cooldownMs` is for tests.
 */
export function createTokenReader(
  options: TokenOptions,
  { onFault, cooldownMs = jwksCooldownMs }: { onFault?: (error: unknown) => void; cooldownMs?: number } = {},
): (token: string) => Promise<Caller | null> {
  const jwks: Jwks = patientFetch({ retryMs: cooldownMs, onFault });
  const keys = createRemoteJWKSet(new URL(options.jwksUrl), {
    timeoutDuration: jwksTimeoutMs,
    cacheMaxAge: jwksMaxAgeMs,
    cooldownDuration: cooldownMs,
    [customFetch]: jwks.fetch,
  });
  const { issuer, audience } = options;
  const checks = {
    algorithms,
    issuer,
    audience,
    clockTolerance: clockSkewSeconds,
    requiredClaims: ["exp", "sub"],
  };
  return async (token) => {
    if (!isWorthAsking(token, issuer)) return null;
    try {
      return callerOf((await jwtVerify(token, keys, checks)).payload, options);
    } catch (error) {
      if (!isUnavailable(error, jwks)) return null;
      throw new ApiError("UNAVAILABLE", "Who issues tokens does not answer just now. Try again.");
    }
  };
}

/** Of another issuer, or past its end: no key of the issuer's would help. It is told without asking anybody. */
function isWorthAsking(token: string, issuer: string): boolean {
  try {
    const { iss, exp } = decodeJwt(token);
    return iss === issuer && exp !== undefined && endOf(exp) > Date.now();
  } catch {
    return false;
  }
}

/** Whether it is not the token's fault: the issuer's keys could not be read, or not those of today. */
function isUnavailable(error: unknown, jwks: Jwks): boolean {
  if (error instanceof errors.JWKSNoMatchingKey) return jwks.failing;
  if (!(error instanceof errors.JOSEError)) return true;
  return (
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === "ERR_JOSE_GENERIC"
  );
}

function callerOf(claims: JWTPayload, { roleClaim }: TokenOptions): Caller {
  const partner = typeof claims.partner === "string" && claims.partner ? claims.partner : null;
  const role =
    wordsOf(claims[roleClaim])
      .map((word) => word.toUpperCase())
      .find(isRole) ?? null;
  const own = [...wordsOf(claims.scope), ...wordsOf(claims.scp)].filter(isScope);
  return {
    keyId: `token:${digest(`${claims.iss} ${claims.sub}`).toString("base64url").slice(0, fingerprintLength)}`,
    scopes: expandRole(role, own, partner),
    role,
    partner,
    expiresAtMs: endOf(claims.exp as number),
  };
}

/** 132 bits: no two people share one. */
const fingerprintLength = 22;

/** From when a token is refused here. */
function endOf(exp: number): number {
  return (exp + clockSkewSeconds) * 1_000;
}

/** A claim that is a list, or words in one text. */
function wordsOf(claim: unknown): string[] {
  if (Array.isArray(claim)) return claim.filter((word) => typeof word === "string");
  return typeof claim === "string" ? claim.split(" ") : [];
}
