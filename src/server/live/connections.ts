import { type Authenticate, accessClassOf, type Caller } from "../../platform/access/caller.js";
import { forPurpose } from "../../platform/access/purpose.js";
import { isToken } from "../../platform/access/tokens.js";
import { ApiError } from "../../platform/errors.js";
import { faultOf, type Logger } from "../../platform/log.js";

/** Somebody who stays connected, by whatever transport. */
export interface Connection {
  /** What was presented as key or token. */
  readonly key: string | null;
  readonly caller: Caller;
  /** Written to it and not yet taken. */
  readonly bufferedBytes: number;
  /** The key was revoked, has expired, or may do something else now. */
  revoke(): void;
}

export interface ConnectionsOptions {
  authenticate: Authenticate;
  logger: Logger;
  maxPerKey: number;
}

/** Why the server ended a connection, or did not let it in. */
export type Ending = "revoked" | "too_slow" | "too_many_connections" | "too_many_operations";

/** A revoked key loses its streams within a second. One small statement per key in use. */
const recheckMs = 500;

/** Every live connection of this node: how many each key holds, and whether it still may. */
export class Connections {
  private readonly all = new Set<Connection>();
  private readonly counts = new Map<string, number>();
  private readonly revoked = new WeakSet<Connection>();
  /** How often the server ended one. */
  readonly ended: Record<Ending, number> = {
    revoked: 0,
    too_slow: 0,
    too_many_connections: 0,
    too_many_operations: 0,
  };
  private readonly recheck: NodeJS.Timeout;

  constructor(private readonly options: ConnectionsOptions) {
    this.recheck = setInterval(() => this.closeRevoked(), recheckMs).unref();
  }

  get count(): number {
    return this.all.size;
  }

  /** What waits for all of them together. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const connection of this.all) bytes += connection.bufferedBytes;
    return bytes;
  }

  /** False when the key holds as many as it may. */
  admit(connection: Connection): boolean {
    const { keyId } = connection.caller;
    const count = this.counts.get(keyId) ?? 0;
    if (count >= this.options.maxPerKey) {
      this.ended.too_many_connections++;
      return false;
    }
    this.counts.set(keyId, count + 1);
    this.all.add(connection);
    return true;
  }

  dismiss(connection: Connection): void {
    if (!this.all.delete(connection)) return;
    const { keyId } = connection.caller;
    const count = (this.counts.get(keyId) ?? 0) - 1;
    if (count > 0) this.counts.set(keyId, count);
    else this.counts.delete(keyId);
  }

  stop(): void {
    clearInterval(this.recheck);
  }

  private closeRevoked(): void {
    const now = Date.now();
    const byKey = new Map<string | null, Connection[]>();
    for (const connection of this.all) {
      const { key, caller } = connection;
      const ofKey = byKey.get(key);
      if (caller.expiresAtMs != null && caller.expiresAtMs <= now) this.revoke(connection);
      else if (ofKey) ofKey.push(connection);
      else byKey.set(key, [connection]);
    }
    // Nothing ends a token but its time.
    for (const [key, connections] of byKey) if (!isToken(key ?? "")) void this.recheckKey(key, connections);
  }

  private revoke(connection: Connection): void {
    if (this.revoked.has(connection)) return; // a client may take its time to go
    this.revoked.add(connection);
    this.ended.revoked++;
    connection.revoke();
  }

  private async recheckKey(key: string | null, connections: readonly Connection[]): Promise<void> {
    try {
      const caller = await this.options.authenticate(key);
      for (const connection of connections)
        if (!caller || !stillMay(caller, connection.caller)) this.revoke(connection);
    } catch (error) {
      // While the database is away nobody can be asked; streams deliver nothing new then either.
      this.options.logger.warn(faultOf(error), "keys cannot be checked");
    }
  }
}

/** Whether a key may still do what it could when its connection began, for the same purpose. */
function stillMay(now: Caller, then: Caller): boolean {
  try {
    const still = accessClassOf(forPurpose(now, then.purpose)) === accessClassOf(then);
    return still && boundsOf(now) === boundsOf(then);
  } catch (error) {
    if (error instanceof ApiError) return false; // it reads for another purpose now
    throw error;
  }
}

/** What a connection may ask and spend: it begins anew where that has changed. */
function boundsOf({ trustedOnly = false, allowance }: Caller): string {
  return JSON.stringify([trustedOnly, allowance?.maximum, allowance?.restoreRate]);
}
