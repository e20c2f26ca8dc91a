import type { PendingStatement, ServerConnection } from "./connection.js";
import { ConnectionLost, sqlState } from "./errors.js";
import { keepLooking } from "./looks.js";

/** Sees to it that connections whose server, or whose way to it, is gone do not wait for the statement timeout. */
export interface ServerWatch {
  add(connection: ServerConnection): void;
  stop(): void;
}

interface Suspect {
  connection: ServerConnection;
  statement: PendingStatement;
}

/** Unanswered for longer, a statement is a long one, or its answer will never come: the server is asked which. */
const SUSPECT_MS = 750;
/** How long the server may take to be reached and to answer; with the others here nobody waits much above 3 s in vain. */
const ANSWER_MS = 1_500;
/** Between two questions about statements that are just long. */
const ASK_AGAIN_MS = 750;
/** An answer that was on its way while the server was asked has arrived by then. */
const ANSWER_ARRIVES_MS = 200;

/** One that waits for the rows of a COPY counts as active, and waits for us. */
const whichText = `select coalesce(json_agg(pid), '[]')::text as pids from pg_stat_activity
  where pid = any($1::int[]) and state not in ('idle', 'idle in transaction', 'idle in transaction (aborted)')
    and wait_event is distinct from 'ClientRead'`;

/**
 * Asks over a fresh connection, because a used one may be dead itself. A backend that is not working on what it was sent
 * never got it, or its answer got lost; a server that cannot be asked, and answers nobody else either, is gone.
 */
export function watchServer(open: () => Promise<ServerConnection>): ServerWatch {
  const connections = new Set<ServerConnection>();
  let isAsking = false;
  let askAgainAt = 0;
  const stop = keepLooking(() => void look());
  return {
    add(connection) {
      connections.add(connection);
      void connection.whenLost.then(() => connections.delete(connection));
    },
    stop,
  };

  async function look(): Promise<void> {
    if (isAsking || Date.now() < askAgainAt) return;
    const suspects = [...connections].flatMap(suspectOf);
    if (suspects.length === 0) return;
    isAsking = true;
    const gone = await goneOnes(suspects);
    if (gone.length > 0) await wait(ANSWER_ARRIVES_MS);
    for (const { connection, statement } of gone)
      if (connection.pending.has(statement))
        connection.lose(new ConnectionLost("the server does not answer"));
    isAsking = false;
    askAgainAt = gone.length > 0 ? 0 : Date.now() + ASK_AGAIN_MS;
  }

  async function goneOnes(suspects: readonly Suspect[]): Promise<readonly Suspect[]> {
    const askedAt = Date.now();
    const pids = suspects.map(({ connection }) => connection.backendPid);
    const late = wait(ANSWER_MS).then(() => "late" as const);
    const working = await Promise.race([workingOnes(pids), late]);
    if (working instanceof Set)
      return suspects.filter(({ connection }) => !working.has(connection.backendPid));
    // It refuses a connection because it has too many, or it is only slow: then it is there.
    const isThere = working === "full" || [...connections].some(({ heardAt }) => heardAt > askedAt);
    return isThere ? [] : [...connections].flatMap(suspectOf);
  }

  async function workingOnes(pids: readonly number[]): Promise<Set<number> | "full" | "unreachable"> {
    try {
      const connection = await open();
      try {
        const [row] = (await connection.send(whichText, [pids])) as unknown as [{ pids: string }];
        return new Set(JSON.parse(row.pids) as number[]);
      } finally {
        void connection.end();
      }
    } catch (error) {
      return sqlState(error)?.startsWith("53") ? "full" : "unreachable";
    }
  }
}

function suspectOf(connection: ServerConnection): Suspect[] {
  const [statement] = connection.pending;
  return statement && connection.unansweredMs > SUSPECT_MS ? [{ connection, statement }] : [];
}

/** A pause of our own process ends all timers at once: what has arrived meanwhile is read first. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(() => setImmediate(() => setImmediate(resolve)), ms).unref());
}
