import { setTimeout as pause } from "node:timers/promises";
import type { Recorded, WriteServices } from "../../domains/customers/recording.rules.js";
import type { Database } from "../../platform/database/database.js";
import { databaseErrorIn, passingFaults } from "../../platform/database/errors.js";
import type { IdKind } from "../../platform/ids.js";
import type { PendingItem, RowRefusal } from "./items.js";
import { type RecordName, records } from "./records.js";

/** A database that restarts is back within seconds; after this the import stops and can be resumed. */
const maxTries = 15;
const retryAfterMs = 1_000;

/** Records one batch; again when the connection is lost, which the claims of the references make harmless. */
export async function recordItems(
  services: WriteServices,
  record: RecordName,
  source: string,
  items: readonly PendingItem[],
): Promise<Recorded<IdKind>[]> {
  if (items.length === 0) return [];
  const inputs = items.map(({ item }) => item);
  for (let tries = 1; ; tries++) {
    try {
      return await records[record](services, source, inputs);
    } catch (error) {
      const fault = databaseErrorIn(error);
      if (tries === maxTries || !fault || !passingFaults.has(fault.code)) throw error;
      await pause(retryAfterMs);
    }
  }
}

/** What an action says about one item, with the line it means: an element of a list has a row of its own. */
export function refusalOf({ line, elementLines, text }: PendingItem, result: Recorded<IdKind>): RowRefusal {
  const { code, field, message } = result.error!;
  const [list, index] = field?.split(".") ?? [];
  const elementLine = list === elementLines?.list ? elementLines?.lines[Number(index)] : undefined;
  return { code, field, message, line: elementLine ?? line, itemLine: line, text };
}

/** For a dry run: every transaction does its work, is checked by the database, and is rolled back. */
export function withoutWriting(services: WriteServices): WriteServices {
  const { database } = services;
  const transaction: Database["transaction"] = async (work) => {
    let result: Awaited<ReturnType<typeof work>> | undefined;
    await database
      .transaction(async (tx) => {
        result = await work(tx);
        throw new NothingWritten();
      })
      .catch((error: unknown) => {
        if (!(error instanceof NothingWritten)) throw error;
      });
    return result as Awaited<ReturnType<typeof work>>;
  };
  return { ...services, database: { ...database, transaction }, onCommitted: () => {} };
}

class NothingWritten extends Error {}
