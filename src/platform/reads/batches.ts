import type { ByteText } from "../byte-text.js";
import type { Audience } from "../database/audience.js";
import type { Database } from "../database/database.js";
import { AnswerText } from "./answer-text.js";
import type { ReadStatement } from "./read-statement.js";

interface Asker {
  audience: Audience;
  resolve(answer: AnswerText): void;
  reject(error: unknown): void;
}

interface Batch {
  statement: ReadStatement;
  /** Of the first request; the others have the same, but for the id. */
  values: Record<string, unknown>;
  askers: Map<string, Asker[]>;
}

/** Ids in one statement: beyond a few its cost per id falls no more, and each waits for the rows of all. */
const maxBatchSize = 20;

/**
 * Requests of one turn of the event loop that ask the same of different customers share a statement; equal ones share the
 * answer. Nobody waits for company: a batch is sent as soon as what has arrived is read.
 */
export class Batches {
  private readonly open = new Map<string | number, Batch>();

  constructor(private readonly database: Database) {}

  /** The answer for the id among the values; rejects with faults of the database. */
  answer(statement: ReadStatement, values: Record<string, unknown>, audience: Audience): Promise<AnswerText> {
    const id = values[statement.batchBy as string] as string;
    const key = keyOf(statement, values);
    return new Promise((resolve, reject) => {
      let batch = this.open.get(key);
      if (!batch) {
        const opened = { statement, values, askers: new Map<string, Asker[]>() };
        batch = opened;
        this.open.set(key, opened);
        setImmediate(() => this.send(key, opened));
      }
      const askers = batch.askers.get(id);
      if (askers) askers.push({ audience, resolve, reject });
      else batch.askers.set(id, [{ audience, resolve, reject }]);
      if (batch.askers.size >= maxBatchSize) this.open.delete(key);
    });
  }

  private async send(key: string | number, { statement, values, askers }: Batch): Promise<void> {
    if (this.open.get(key)?.askers === askers) this.open.delete(key);
    try {
      const parameters = statement.parameters({ ...values, ids: [...askers.keys()] });
      const audience = {
        callerId: commonCaller(askers),
        get left() {
          return [...askers.values()].every((same) => same.every((asker) => asker.audience.left));
        },
      };
      const rows = await this.database.readAsSent(statement.text, parameters, audience);
      for (const row of rows as ByteText[][]) {
        const [id, text] = row.splice(0) as [ByteText, ByteText];
        for (const { resolve } of askers.get(id) ?? []) resolve(new AnswerText(text));
      }
    } catch (error) {
      for (const { reject } of [...askers.values()].flat()) reject(error);
    }
  }
}

/** Whose the batch is; nobody's where several callers share it. */
function commonCaller(askers: ReadonlyMap<string, readonly Asker[]>): string | null {
  let common: string | null | undefined;
  for (const same of askers.values())
    for (const { audience } of same) {
      const { callerId = null } = audience;
      if (common !== undefined && common !== callerId) return null;
      common = callerId;
    }
  return common ?? null;
}

/** What requests have in common that share a batch: the statement, whose number is often all, and all values but the id. */
function keyOf({ id, batchBy }: ReadStatement, values: Record<string, unknown>): string | number {
  let key: string | number = id;
  for (const name in values) if (name !== batchBy) key = `${key}|${name}${JSON.stringify(values[name])}`;
  return key;
}
