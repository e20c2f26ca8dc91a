import type net from "node:net";
import type postgres from "postgres";
import type { Audience } from "./audience.js";
import { CONNECT_TIMEOUT_MS, connectSocket, createDriverClient } from "./driver-client.js";
import {
  type Answer,
  DriverQuery,
  endsConnection,
  handlerOf,
  isCanceled,
  type SendOptions,
} from "./driver-query.js";
import { abandoned, ConnectionLost, DatabaseError, sqlState } from "./errors.js";
import type { Incoming } from "./incoming.js";
import { keepLooking } from "./looks.js";
import { inOnePacket } from "./outgoing.js";
import { encodeParameters, parseArray } from "./wire-values.js";

export type ConnectionOptions =
  | { url: string }
  | {
      /** A socket folder, or a host name or address. */
      host: string;
      port?: number;
      user: string;
      password?: string | undefined;
      database: string;
    };

export interface SessionOptions {
  readOnly?: boolean;
  /** Every statement finds its rows by key. Said to the planner, which reads whole tables while it has no statistics. */
  byKey?: boolean;
  statementTimeoutMs: number;
  onNotify?: (channel: string, payload: string) => void;
  /** Asks the server to give up what this backend runs, if it still is this text. Statements then may be sent again. */
  cancel?: (backendPid: number, text: string) => void;
}

export interface PendingStatement {
  text: string;
  audience: Audience | undefined;
  reject(error: Error): void;
}

/** How much later than the server's own statement timeout an answer may come before the server counts as gone. */
const ANSWER_GRACE_MS = 2_000;
/** How late a cancel that was asked for here may still hit. */
const CANCEL_ECHO_MS = 2_000;
const END_WAIT_S = 1;
const OLDEST_MAJOR_VERSION = 15;
/**
 * The server keeps every prepared statement until its session ends, some of them hundreds of kilobytes. More than the
 * program keeps (`statement.ts`, `compiled-reads.ts`), so that only made-up shapes wear a session out.
 */
const PREPARED_MAX = 800;
/** Characters of those statements: a plan takes about a hundred times its text, so this is some hundred megabytes. */
const PREPARED_LENGTH_MAX = 1_000_000;
/**
 * glibc gives what a statement took back to the system, and the next one faults it in again, page by page, until a piece as
 * large as this was freed: then twice as much is kept. Longer than most answers; decision 0022.
 */
const KEPT_BYTES = 1_048_576;

/** Rejects with DATABASE_UNREACHABLE or DATABASE_TOO_OLD. */
export async function openConnection(
  to: ConnectionOptions,
  session: SessionOptions,
): Promise<ServerConnection> {
  const connection = new ServerConnection(to, session);
  const tooLate = setTimeout(
    () => connection.lose(new ConnectionLost("the server does not answer")),
    CONNECT_TIMEOUT_MS,
  );
  try {
    await connection.prepareSession();
    return connection;
  } catch (error) {
    connection.lose(new ConnectionLost("the connection could not be opened", { cause: error }));
    if (error instanceof DatabaseError && error.code === "DATABASE_TOO_OLD") throw error;
    throw new DatabaseError(
      "DATABASE_UNREACHABLE",
      `no connection to the database: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  } finally {
    clearTimeout(tooLate);
  }
}

/**
 * One connection to the server, which never reconnects: when it is lost, everything waiting on it is rejected and nothing
 * more can be sent. postgres.js would reconnect a client in place, and then mixes up old work and new; see
 * docs/decisions/0002-a-connection-never-reconnects.md.
 */
export class ServerConnection {
  /** Set once the connection is gone. */
  lost: ConnectionLost | undefined;
  /** Resolves when the connection is gone. */
  readonly whenLost: Promise<ConnectionLost>;
  /** Statements sent and not yet answered, oldest first. */
  readonly pending = new Set<PendingStatement>();
  /** The server's process at the other end. */
  backendPid = 0;
  /** When the last answer came, or when the first of what waits now was sent. */
  answeredAt = 0;
  /** When the server was last heard of. */
  heardAt = 0;

  private readonly prepared = new Set<string>();
  private preparedLength = 0;
  private readonly client: postgres.Sql;
  private readonly handOver: ReturnType<typeof handlerOf>;
  private cancelledAt = Number.NEGATIVE_INFINITY;
  private readonly stopLooking: () => void;
  private socket: net.Socket | undefined;
  private incoming: Incoming | null = null;
  private announceLoss: (error: ConnectionLost) => void = () => {};
  private readonly endWork = new Set<(error: ConnectionLost) => void>();

  constructor(
    to: ConnectionOptions,
    private readonly session: SessionOptions,
  ) {
    this.whenLost = new Promise((resolve) => {
      this.announceLoss = resolve;
    });
    this.client = createDriverClient(to, session, {
      onclose: () => this.lose(new ConnectionLost("the server closed the connection")),
      socket: async (target) => {
        if (this.socket || this.lost)
          throw this.lost ?? new ConnectionLost("a connection is opened once only");
        const { socket, incoming } = await connectSocket(target);
        this.socket = socket;
        this.incoming = incoming;
        return socket;
      },
    });
    this.handOver = handlerOf(this.client);
    this.stopLooking = keepLooking(() => {
      this.loseWhenSilent();
      this.cancelWhenAbandoned();
    });
  }

  /** True once the session keeps so many prepared statements that it should make room for a fresh one. */
  get worn(): boolean {
    return this.prepared.size >= PREPARED_MAX || this.preparedLength >= PREPARED_LENGTH_MAX;
  }

  /** How long the server has owed an answer; 0 while it owes none. */
  get unansweredMs(): number {
    return this.pending.size > 0 ? Date.now() - this.answeredAt : 0;
  }

  /** Sends at once; answers come in the order of sending. Rejects with ConnectionLost when the connection dies first. */
  send(text: string, parameters: readonly unknown[] = [], options: SendOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.lost) return reject(this.lost);
      const { audience } = options;
      if (audience?.left) return reject(abandoned());
      if (options.prepare && !this.prepared.has(text)) {
        this.prepared.add(text);
        this.preparedLength += text.length;
      }
      const given = encodeParameters(parameters);
      const statement = { text, audience, reject };
      if (this.pending.size === 0) this.answeredAt = Date.now();
      this.pending.add(statement);
      const answered = (answer: Answer) => {
        this.settle(statement);
        this.heardAt = this.answeredAt;
        resolve(answer);
      };
      const failed = (error: Error) => {
        this.settle(statement);
        if (sqlState(error)) this.heardAt = this.answeredAt;
        if (endsConnection(error)) this.lose(new ConnectionLost(error.message, { cause: error }));
        if (this.session.cancel && isCanceled(error)) {
          if (audience?.left) return reject(abandoned());
          // Meant for the one before, which had just ended. Nobody else's cancel is answered by sending again.
          if (Date.now() - this.cancelledAt < CANCEL_ECHO_MS)
            return resolve(this.send(text, parameters, options));
        }
        reject(this.lost ?? error);
      };
      const query = new DriverQuery(text, given, options, this.incoming, answered, failed);
      if (this.session.readOnly && this.socket) inOnePacket(this.socket, () => this.handOver(query));
      else this.handOver(query);
    });
  }

  /** What the work comes to, or the loss of the connection, whatever the work waits for. Nothing of it is kept afterwards. */
  untilLost<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const ended = (tell: () => void) => {
        this.endWork.delete(reject);
        tell();
      };
      work.then(
        (result) => ended(() => resolve(result)),
        (error: unknown) => ended(() => reject(error)),
      );
      if (this.lost) reject(this.lost);
      else this.endWork.add(reject);
    });
  }

  /** Gives up the connection and rejects what waits on it. */
  lose(error: ConnectionLost): void {
    if (this.lost) return;
    this.lost = error;
    this.stopLooking();
    for (const statement of this.pending) statement.reject(error);
    this.pending.clear();
    void this.client.end({ timeout: 0 });
    setImmediate(() => {
      this.socket?.destroy();
      // By now the work has heard of its own statements, and of what they were.
      for (const end of this.endWork) end(error);
      this.endWork.clear();
    });
    this.announceLoss(error);
  }

  /** Takes leave of the server. */
  async end(): Promise<void> {
    await this.client.end({ timeout: END_WAIT_S });
    this.lose(new ConnectionLost("the connection was closed"));
  }

  /**
   * One round trip: refuses an old server, learns the array types, so that arrays come back as arrays, and has the session
   * keep memory for its answers.
   */
  async prepareSession(): Promise<void> {
    const arrayTypes = `select json_agg(json_build_array(typarray::int8, oid::int8))
      from pg_type where typarray <> 0 and typtype in ('b', 'd', 'e', 'r')`;
    const text = `select current_setting('server_version_num')::int as version, pg_backend_pid() as pid,
      (${arrayTypes})::text as arrays, length(repeat(' ', ${KEPT_BYTES})) as kept`;
    const [row] = (await this.send(text)) as unknown as [{ version: number; pid: number; arrays: string }];
    this.backendPid = row.pid;
    const major = Math.floor(row.version / 10_000);
    if (major < OLDEST_MAJOR_VERSION) {
      const message = `PostgreSQL ${major} is too old: ${OLDEST_MAJOR_VERSION} or newer is needed`;
      throw new DatabaseError("DATABASE_TOO_OLD", message);
    }
    const { parsers } = this.client.options as unknown as {
      parsers: Record<number, (text: string) => unknown>;
    };
    for (const [array, item] of JSON.parse(row.arrays) as [number, number][])
      parsers[array] = (value) => parseArray(value, parsers[item]);
  }

  private settle(statement: PendingStatement): void {
    this.pending.delete(statement);
    this.answeredAt = Date.now();
  }

  /** The last resort where nobody watches the server (server-watch.ts): statement_timeout does not help against silence. */
  private loseWhenSilent(): void {
    const limitMs = this.session.statementTimeoutMs + ANSWER_GRACE_MS;
    const isSilent = () => this.unansweredMs > limitMs;
    const lose = () => isSilent() && this.lose(new ConnectionLost("the server does not answer"));
    // Looked at again a turn later: after a pause of our own process, answers that have arrived are read first.
    if (isSilent()) setImmediate(() => setImmediate(lose));
  }

  /** What runs is the oldest; those behind it get their turn and are looked at then. */
  private cancelWhenAbandoned(): void {
    const [running] = this.pending;
    if (!running?.audience?.left || !this.session.cancel) return;
    this.cancelledAt = Date.now();
    this.session.cancel(this.backendPid, running.text);
  }
}
