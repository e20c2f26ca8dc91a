import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import {
  type Claimed,
  type ClaimKind,
  claimDeliveries,
} from "../../domains/webhooks/delivery-attempt.queries.js";
import type { Caller } from "../../platform/access/caller.js";
import type { KeyOwner, KeyOwners } from "../../platform/access/key-owners.js";
import type { Database } from "../../platform/database/database.js";
import type { Id } from "../../platform/ids.js";
import { type AttemptServices, attempt } from "./attempt.js";
import { Aborted } from "./post.js";
import { postpone, type RetryOptions, recordOutcome } from "./record-outcome.js";

/**
 * Attempts at once on one node. A receiver that does not answer holds a place for as long as the timeout, so webhooks whose
 * last attempt failed have places of their own, and so have tests: they can fill only those.
 */
const places = { sound: 48, worn: 16, tests: 4 } as const;
/** Attempts at once for one webhook on one node; for one that fails, a single one tries whether it is back. */
const perWebhook = { sound: 8, worn: 1, tests: 4 } as const;
/** Attempts at once for all webhooks of one key on one node: however slow its receivers are, others find a place. */
const perKey = { sound: 36, worn: 12, tests: 2 } as const;
const kinds = ["sound", "worn", "tests"] as const;

/** Longer than an attempt can take, rendering included: a node that still holds its claim then has died. */
const leaseMs = 60_000;

export interface SenderServices extends AttemptServices {
  database: Database;
  owners: KeyOwners;
  retry: RetryOptions;
  onFault: (error: unknown) => void;
  /** More may be due, and there is room for it. */
  onDone: () => void;
}

/** Takes deliveries that are due, as many as there are places for, and attempts them. */
export class Sender {
  readonly #underWay = new Map<Claimed, Promise<void>>();
  /** Webhooks that were given as many as they may have at once: more may be due. */
  readonly #full = new Set<Id<"webhook">>();
  #crowded = false;
  readonly #stopping = new AbortController();

  constructor(private readonly services: SenderServices) {
    setMaxListeners(0, this.#stopping.signal); // each attempt under way is one
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** Starts what is due and has a place; does not wait for it. */
  async start(): Promise<void> {
    const limits = { sound: this.#free("sound"), worn: this.#free("worn"), tests: this.#free("tests") };
    const request = {
      limits,
      perWebhook,
      underWay: this.#perWebhook(),
      perKey,
      underWayOfKeys: {
        sound: this.#perKey("sound"),
        worn: this.#perKey("worn"),
        tests: this.#perKey("tests"),
      },
      leaseMs,
      claim: randomUUID(),
    };
    const claimed = await this.services.database.transaction((tx) => claimDeliveries(tx, request));
    if (claimed.length > 0) this.#begin(claimed);
    this.#crowded = kinds.some(
      (kind) =>
        this.#free(kind) <= 0 || [...this.#perKey(kind).values()].some((count) => count >= perKey[kind]),
    );
    const counts = this.#perWebhook();
    for (const { webhookId, kind } of claimed)
      if ((counts.get(webhookId) ?? 0) >= perWebhook[kind]) this.#full.add(webhookId);
  }

  /** Waits for what is under way, for a while; what is cut then is tried again by whoever comes next. */
  async stop(graceMs: number): Promise<void> {
    const cut = setTimeout(() => this.#stopping.abort(), graceMs);
    await Promise.all(this.#underWay.values());
    clearTimeout(cut);
  }

  #begin(claimed: readonly Claimed[]): void {
    // One look at the keys for all of them.
    const owners = this.services.owners(claimed.map(({ webhook }) => webhook.keyId));
    owners.catch(() => {}); // each attempt hears of it
    for (const one of claimed) {
      const done = this.#attempt(one, owners).finally(() => {
        this.#underWay.delete(one);
        if (this.#hasRoom(one)) this.services.onDone();
      });
      this.#underWay.set(one, done);
    }
  }

  /** Never rejects: a delivery whose end cannot be written down is due again when its lease ends. */
  async #attempt(claimed: Claimed, owners: Promise<Map<KeyOwner, Caller>>): Promise<void> {
    const { database, retry, onFault } = this.services;
    try {
      const owner = (await owners).get(claimed.webhook.keyId);
      const outcome = await attempt(this.services, claimed, owner, this.#stopping.signal);
      await database.transaction((tx) => recordOutcome(tx, claimed, outcome, retry));
    } catch (error) {
      if (!(error instanceof Aborted)) onFault(error);
      const waitMs = error instanceof Aborted ? 0 : undefined;
      await database.transaction((tx) => postpone(tx, claimed, waitMs)).catch(onFault);
    }
  }

  /** Whether a look for more is worth it: half of its webhook's places are free again, or there was no other place. */
  #hasRoom({ webhookId, kind }: Claimed): boolean {
    if (this.#crowded) return true;
    if (!this.#full.has(webhookId)) return false;
    const room = (this.#perWebhook().get(webhookId) ?? 0) <= perWebhook[kind] / 2;
    if (room) this.#full.delete(webhookId);
    return room;
  }

  #free(kind: ClaimKind): number {
    let free = places[kind];
    for (const claimed of this.#underWay.keys()) if (claimed.kind === kind) free--;
    return free;
  }

  #perKey(ofKind: ClaimKind): Map<KeyOwner, number> {
    const counts = new Map<KeyOwner, number>();
    for (const { kind, webhook } of this.#underWay.keys())
      if (kind === ofKind) counts.set(webhook.keyId, (counts.get(webhook.keyId) ?? 0) + 1);
    return counts;
  }

  #perWebhook(): Map<Id<"webhook">, number> {
    const counts = new Map<Id<"webhook">, number>();
    for (const { webhookId } of this.#underWay.keys())
      counts.set(webhookId, (counts.get(webhookId) ?? 0) + 1);
    return counts;
  }
}
