import { setTimeout as pause } from "node:timers/promises";
import type { Attempt } from "./history.js";
import { adminKey, type Server } from "./server.js";

const document = `mutation ($input: RecordInteractionsInput!) { recordInteractions(input: $input) {
  results { outcome interaction { id } } } }`;

export interface LoadOptions {
  /** Where requests go; a balancer takes a server out before it is stopped in good order. */
  inRotation(): readonly Server[];
  writers?: number;
  customers?: number;
  itemsAtOnce?: number;
  pauseMs?: number;
  /** Length of each contact's text. */
  bodyLength?: number;
}

/** How long a writer waits for an answer before it counts as lost. */
const answerMs = 15_000;
const askAgainMs = 50;
/** How long what is unknown at the end is asked for again. */
const settleMs = 30_000;

interface Answer {
  at?: string;
  results?: { outcome: string; interaction: { id: string } | null }[];
  code?: string;
}

/** Writers that record every contact they send as ok, fail or unknown, and repeat what is unknown under the same key. */
export class Load {
  readonly attempts: Attempt[] = [];
  /** Every request: how long it took, where it went, and the code when it failed. */
  readonly requests: { ms: number; at: string; code: string | null }[] = [];
  /** What went wrong on the way, by code or cause, with how often. */
  readonly troubles = new Map<string, number>();
  #writing = true;
  readonly #writers: Promise<void>[];
  #turn = 0;

  constructor(
    private readonly prefix: string,
    private readonly options: LoadOptions,
  ) {
    const { writers = 4 } = options;
    this.#writers = Array.from({ length: writers }, (_, writer) => this.#write(writer));
  }

  get acknowledged(): number {
    return this.attempts.filter(({ outcome }) => outcome === "ok").length;
  }

  /** Ends the writing; resolves when nothing is unknown any more. */
  async settle(): Promise<void> {
    this.#writing = false;
    await Promise.all(this.#writers);
  }

  async #write(writer: number): Promise<void> {
    const { itemsAtOnce = 3, customers = 12, pauseMs = 10 } = this.options;
    for (let number = 0; this.#writing; number++) {
      const batch = Array.from({ length: itemsAtOnce }, (_, item): Attempt => {
        const customerRef = `c${(writer * 5 + number * 3 + item) % customers}`;
        const ref = `${this.prefix}-w${writer}-${number}-${item}`;
        return { ref, customerRef, sentAt: Date.now(), outcome: "unknown", ids: [], sends: 0 };
      });
      // The last of every fifth batch is refused: nothing of it may be left.
      if (number % 5 === 4) (batch.at(-1) as Attempt).isBad = true;
      this.attempts.push(...batch);
      await this.#sendUntilKnown(batch);
      await pause(pauseMs);
    }
  }

  async #sendUntilKnown(batch: Attempt[]): Promise<void> {
    let endAt = Number.POSITIVE_INFINITY;
    while (Date.now() < endAt) {
      for (const attempt of batch) attempt.sends++;
      const startedAt = performance.now();
      const answer = await this.#send(batch);
      const code = answer.results ? null : (answer.code ?? "NO_CODE");
      this.requests.push({ ms: performance.now() - startedAt, at: answer.at ?? "", code });
      if (answer.results?.length === batch.length) return note(batch, answer.results);
      if (code) this.troubles.set(code, (this.troubles.get(code) ?? 0) + 1);
      if (!this.#writing) endAt = Math.min(endAt, Date.now() + settleMs);
      await pause(askAgainMs);
    }
  }

  async #send(batch: readonly Attempt[]): Promise<Answer> {
    const servers = this.options.inRotation();
    const server = servers[this.#turn++ % servers.length];
    if (!server) return { code: "NO_SERVER" };
    const body = "x".repeat(this.options.bodyLength ?? 0) || null;
    const interactions = batch.map(({ ref, customerRef, isBad }) => ({
      sourceRef: ref,
      customer: { sourceRef: customerRef },
      channel: isBad ? "no such channel!" : "chat",
      direction: "INBOUND",
      initiative: "UNSOLICITED",
      kind: "message",
      body,
      occurredAt: "2026-11-21T09:30:00Z",
    }));
    try {
      const response = await fetch(server.url, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${adminKey}` },
        body: JSON.stringify({ query: document, variables: { input: { source: "faults", interactions } } }),
        signal: AbortSignal.timeout(answerMs),
      });
      const { data, errors } = (await response.json()) as {
        data?: { recordInteractions: Answer | null } | null;
        errors?: { extensions: { code: string } }[];
      };
      const code = errors?.[0]?.extensions.code ?? `HTTP_${response.status}`;
      return { at: server.name, ...(data?.recordInteractions ?? { code }) };
    } catch (error) {
      const { name, cause } = error as { name: string; cause?: { code?: string } };
      return { at: server.name, code: cause?.code ?? name };
    }
  }
}

/** RECORDED and DUPLICATE acknowledge by themselves: the contact may be missing from the answer when reading it failed. */
function note(batch: readonly Attempt[], results: NonNullable<Answer["results"]>): void {
  const now = Date.now();
  for (const [index, attempt] of batch.entries()) {
    const { outcome, interaction } = results[index] ?? {};
    if (outcome === "REJECTED") attempt.outcome = "fail";
    else if (outcome) {
      attempt.outcome = "ok";
      attempt.ackedAt ??= now;
      if (interaction) attempt.ids.push(interaction.id);
    }
  }
}
