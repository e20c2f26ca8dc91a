import type { PrivacyRequestRow } from "#schema/privacy.js";
import type { Database, Tx } from "../../platform/database/database.js";
import { databaseErrorIn, passingFaults, sqlState } from "../../platform/database/errors.js";
import type { Suppressions } from "../../platform/privacy/suppressions.js";
import { onceInARow, WakeUp } from "../live/wake-up.js";
import { eraseOn } from "./erase.js";
import { countForExport } from "./export.js";
import { saveRequest, selectDueRequests, takeRequest } from "./request.queries.js";

/** How soon another node goes on with what a dead one left; the node that takes a request starts at once. */
const pollMs = 5_000;
/** Requests looked at in one round; others are taken by other nodes meanwhile. */
const requestsAtOnce = 10;
/** After so many failures in a row somebody has to look. */
const maxFailures = 5;
/** Before the next run of a request that failed, doubled with each failure. */
const pauseAfterFailureMs = 2_000;

export interface PrivacyWorkerOptions {
  suppressions: Suppressions;
  /** Called after each commit that appended events. */
  onCommitted(): void;
  /** A fault; the worker goes on by itself. Equal ones in a row are reported once. */
  onFault(error: unknown): void;
}

export interface PrivacyWorker {
  /** Call after a request was opened. */
  poke(): void;
  /** Waits for the piece under way. */
  stop(): Promise<void>;
}

/**
 * Works off privacy requests, on every node. A request's row lock, held for one bounded piece at a time, decides who is at
 * it; a killed node loses its lock at once, and its half piece is rolled back.
 */
export function startPrivacyWorker(database: Database, options: PrivacyWorkerOptions): PrivacyWorker {
  const wakeUp = new WakeUp();
  const faults = onceInARow(options.onFault);
  let stopped = false;
  const run = async () => {
    while (!stopped) {
      try {
        while (!stopped && (await workRound(database, options, () => stopped)));
        faults.worked();
      } catch (error) {
        faults.failed(error);
      }
      if (!stopped) await wakeUp.wait(pollMs);
    }
  };
  const running = run();
  return {
    poke: () => wakeUp.call(),
    async stop() {
      stopped = true;
      wakeUp.call();
      await running;
    },
  };
}

/** One piece of each request that waits; false when nothing could be done. */
async function workRound(database: Database, options: PrivacyWorkerOptions, isStopped: () => boolean) {
  let worked = false;
  for (const request of await selectDueRequests(database.read, requestsAtOnce)) {
    if (isStopped()) return false;
    try {
      const taken = await database.transaction((tx) => workOn(tx, options, request));
      worked ||= taken;
      if (taken) options.onCommitted();
    } catch (error) {
      const fault = databaseErrorIn(error);
      if (fault && passingFaults.has(fault.code)) throw error; // the database is away: no fault of the request
      options.onFault(error);
      await database.transaction((tx) => noteFailure(tx, request, error));
    }
  }
  return worked;
}

async function workOn(
  tx: Tx,
  { suppressions }: PrivacyWorkerOptions,
  due: Pick<PrivacyRequestRow, "id" | "customerId">,
): Promise<boolean> {
  const request = await takeRequest(tx, due);
  if (!request) return false;
  if (request.kind === "ERASE") await eraseOn(tx, suppressions, request);
  else await countForExport(tx, request);
  return true;
}

/** Messages may hold parameters, so only the code is kept. */
async function noteFailure(tx: Tx, due: Pick<PrivacyRequestRow, "id" | "customerId">, error: unknown) {
  const request = await takeRequest(tx, due);
  if (!request) return;
  const failures = request.failures + 1;
  const errorCode = databaseErrorIn(error)?.code ?? sqlState(error) ?? "INTERNAL";
  const pauseMs = pauseAfterFailureMs * 2 ** request.failures;
  const status = failures < maxFailures ? "RUNNING" : "FAILED";
  await saveRequest(tx, request, { status, failures, errorCode, pauseMs });
}
