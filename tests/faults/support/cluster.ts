import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { presentPlace } from "../../../examples/subscriber/present-place.js";
import { type Cursor, decodeCursor } from "../../../src/cross-domain/live/cursor.js";
import { openConnection, type ServerConnection } from "../../../src/platform/database/connection.js";
import type { EmbeddedPostgres } from "../../../src/platform/database/embedded.js";
import { type ServerProxy, startProxy } from "../../support/proxy.js";
import { createTemporaryFolder } from "../../support/temporary-folder.js";
import { check } from "./check.js";
import type { Attempt, History, StoredEvent } from "./history.js";
import { startPreparedPostgres } from "./prepared-postgres.js";
import { adminKey, Server } from "./server.js";
import { SocketSubscriber, type SocketSubscriberOptions } from "./socket-subscriber.js";
import { RecordingSubscriber } from "./subscriber.js";
import { Load, type LoadOptions } from "./writers.js";

/** Minutes instead of seconds for every row: `npm run test:faults -- --long`. */
export const long = process.env.FAULTS_LONG === "1";
/** What one row may take, on a machine that has other things to do too. */
export const rowMs = long ? 1_200_000 : 300_000;

const adminTimeoutMs = 60_000;
const memoryLookMs = 250;
const settleMs = 60_000;
const lookAgainMs = 20;
/** When all is over no server is further behind than this. */
const maxLagSeconds = 1;

type Place = Extract<EmbeddedPostgres["connection"], { host: string }>;

/** Several servers on one durable PostgreSQL, each with its own way to it, and everything that is known of the run. */
export class Cluster {
  readonly servers: Server[] = [];
  readonly proxies: ServerProxy[] = [];
  /** Servers that the balancer sends requests to. */
  readonly rotation = new Set<Server>();
  readonly loads: Load[] = [];
  /** What a test has sent by itself. */
  readonly attempts: Attempt[] = [];
  readonly subscribers: (RecordingSubscriber | SocketSubscriber)[] = [];
  readonly #memory: NodeJS.Timeout;
  readonly #startedAt = Date.now();
  readonly #closers: (() => unknown)[] = [];

  private constructor(
    readonly folder: string,
    readonly place: Place,
    private readonly serverSettings: Record<string, string>,
  ) {
    this.#memory = setInterval(() => {
      for (const server of this.servers) server.lookAtMemory();
    }, memoryLookMs);
  }

  /** `serverSettings` are variables of each server's environment. */
  static async start(nodes: number, serverSettings: Record<string, string> = {}): Promise<Cluster> {
    const { folder, remove } = createTemporaryFolder();
    const postgres = await startPreparedPostgres(folder);
    const cluster = new Cluster(folder, postgres.connection as Place, serverSettings);
    cluster.#closers.push(remove, () => postgres.stop());
    try {
      for (let node = 1; node <= nodes; node++) await cluster.#addServer(`node${node}`);
      await Promise.all(cluster.servers.map((server) => server.start()));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  async #addServer(name: string): Promise<void> {
    const proxy = await startProxy(this.place.host);
    this.proxies.push(proxy);
    this.#closers.push(() => proxy.close());
    const server = new Server(name, this.databaseUrl(name, proxy), this.serverSettings);
    this.servers.push(server);
    this.#closers.push(() => server.end("SIGKILL"));
    this.rotation.add(server);
  }

  /** For a program of this name; by the first server's way unless told. */
  databaseUrl(name: string, { port } = this.proxies[0] as ServerProxy): string {
    return `postgres://${this.place.user}@127.0.0.1:${port}/${this.place.database}?application_name=${name}`;
  }

  get urls(): string[] {
    return this.servers.map(({ url }) => url);
  }

  /** Writers on all servers in rotation. */
  load(options: Partial<LoadOptions> = {}): Load {
    const load = new Load(`l${this.loads.length}`, { inRotation: () => [...this.rotation], ...options });
    this.loads.push(load);
    return load;
  }

  /** `count` subscribers from now on, which begin at different servers of those named. */
  async subscribe(count: number, among: readonly string[] = this.urls): Promise<RecordingSubscriber[]> {
    const after = await this.present();
    const made = Array.from({ length: count }, (_, index) => {
      const at = index % among.length;
      const urls = [...among.slice(at), ...among.slice(0, at)];
      return new RecordingSubscriber(`s${this.subscribers.length + index}`, urls, after);
    });
    this.subscribers.push(...made);
    return made;
  }

  /** The cursor of now. */
  present(): Promise<string> {
    return presentPlace(this.urls, adminKey);
  }

  /** Follows contacts on a bare socket, on the first server unless told. */
  async subscribeSocket(
    options: Pick<SocketSubscriberOptions, "name" | "after" | "selection"> & Partial<SocketSubscriberOptions>,
  ): Promise<SocketSubscriber> {
    const subscriber = new SocketSubscriber({ url: this.urls[0] as string, key: adminKey, ...options });
    this.subscribers.push(subscriber);
    await subscriber.open();
    return subscriber;
  }

  /** All subscribers go; what they have got was checked. */
  async dismiss(): Promise<void> {
    await Promise.all(this.subscribers.splice(0).map((subscriber) => subscriber.leave()));
  }

  /** A statement of the test's own, on a connection that no fault touches. */
  async sql<R>(text: string): Promise<R[]> {
    const connection = await this.connect();
    try {
      return (await connection.send(text)) as R[];
    } finally {
      await connection.end();
    }
  }

  /** May stay in a transaction for as long as the test needs. */
  async connect(): Promise<ServerConnection> {
    const connection = await openConnection(this.place, { statementTimeoutMs: adminTimeoutMs });
    await connection.send("set idle_in_transaction_session_timeout = 0");
    return connection;
  }

  /** The server whose sequencer stamps, or null while none does. */
  async leader(): Promise<Server | null> {
    const rows = await this.sql<{ name: string }>(
      `select application_name as name from pg_locks join pg_stat_activity using (pid)
       where locktype = 'advisory' and objid = ${0x6c697665} and granted`,
    );
    return this.servers.find(({ name }) => name === rows[0]?.name) ?? null;
  }

  /** Ends with the cluster, whatever becomes of the test. */
  onStop(end: () => unknown): void {
    this.#closers.push(end);
  }

  postmaster(): number {
    return Number.parseInt(readFileSync(path.join(this.folder, "postgres", "postmaster.pid"), "utf8"), 10);
  }

  /** Ends the writing, waits until every subscriber has everything, and tells what contradicts the guarantees. */
  async findings(): Promise<string[]> {
    await Promise.all(this.loads.map((load) => load.settle()));
    await this.#everythingDelivered();
    return [...check(await this.#history()), ...(await this.#behind())];
  }

  /** Servers that stay behind, by their own figures, when nothing is left to do. */
  async #behind(): Promise<string[]> {
    const lag = (server: Server) =>
      Promise.all(["feed_lag_seconds", "feed_pending_seconds"].map((name) => server.figure(name)));
    const lags = async () => (await Promise.all(this.servers.map(lag))).map((both) => Math.max(...both));
    await untilHolds(async () => (await lags()).every((each) => each < maxLagSeconds), settleMs).catch(
      () => {},
    );
    const still = await lags();
    return this.servers.flatMap(({ name }, index) =>
      still[index]! < maxLagSeconds ? [] : [`${name} is ${still[index]} s behind`],
    );
  }

  /** In a long run: prints what a row came to, beside the counts of the whole run so far. */
  async tell(row: string, figures: Record<string, number | string>): Promise<void> {
    if (!long) return;
    const { attempts, events, facts, subscribers, servers } = await this.#history();
    const count = (outcome: Attempt["outcome"]) => attempts.filter((each) => each.outcome === outcome).length;
    const counts = {
      seconds: Math.round((Date.now() - this.#startedAt) / 1_000),
      ok: count("ok"),
      fail: count("fail"),
      unknown: count("unknown"),
      sentAgain: attempts.filter(({ sends }) => sends > 1).length,
      facts: facts.length,
      events: events.length,
      subscribers: subscribers.length,
      deliveries: subscribers.reduce((sum, { deliveries }) => sum + deliveries.length, 0),
      peakMb: Math.round(Math.max(...servers.map(({ peakMb }) => peakMb))),
    };
    process.stdout.write(`FIGURES ${row} ${JSON.stringify({ ...figures, ...counts })}\n`);
  }

  /** Resolves also when that takes too long: the check then says what is missing. */
  async #everythingDelivered(): Promise<void> {
    const giveUpAt = Date.now() + settleMs;
    while (Date.now() < giveUpAt) {
      const [row] = await this.sql<{ waiting: number; customer: string; seq: number; contact: string }>(
        `select (select count(*)::int from events where pos is null) as waiting, 'cus_' || customer_id as customer, seq::int,
         (select 'int_' || subject_id from events where type = 'INTERACTION_RECORDED' order by pos desc nulls last limit 1) as contact
         from events order by pos desc nulls last limit 1`,
      );
      const has = (subscriber: RecordingSubscriber | SocketSubscriber) => {
        const last = subscriber.deliveries.at(-1);
        if (subscriber instanceof SocketSubscriber)
          return subscriber.lostAccessAt !== null || last?.subjectId === row?.contact;
        return last?.customerId === row?.customer && last?.seq === row?.seq;
      };
      if (!row || (row.waiting === 0 && this.subscribers.every(has))) return;
      await pause(lookAgainMs);
    }
  }

  async #history(): Promise<History> {
    const [feed] = await this.sql<{ head: number }>("select head::int from feed_head");
    const events = await this.sql<StoredEvent>(
      `select 'cus_' || customer_id as "customerId", seq::int, pos::int, type::text,
       'int_' || subject_id as "subjectId" from events`,
    );
    const named = new Map(events.map((event) => [event.subjectId, event]));
    const places = new Map(events.map((event) => [`${event.customerId}:${event.seq}`, event.pos]));
    return {
      attempts: [...this.attempts, ...this.loads.flatMap(({ attempts }) => attempts)],
      subscribers: this.subscribers.map((subscriber) => {
        const { name, after, deliveries } = subscriber;
        const place = decodeCursor(after) as Cursor;
        const beganAt = "pos" in place ? place.pos : (places.get(`${place.customerId}:${place.seq}`) ?? 0);
        if (!(subscriber instanceof SocketSubscriber)) return { name, beganAt, deliveries };
        const { type, lostAccessAt, maySee } = subscriber;
        // What answers about contacts do not tell, their events do.
        const numbered = deliveries.map((delivery) => {
          const { customerId = "", seq = 0 } = named.get(delivery.subjectId) ?? {};
          return { ...delivery, customerId, seq };
        });
        return { name, beganAt, deliveries: numbered, type, lostAccessAt, maySee };
      }),
      facts: await this.sql("select source_ref as ref, 'int_' || id as id from interactions"),
      events,
      customers: await this.sql("select 'cus_' || id as id, seq::int from customers"),
      head: feed?.head ?? 0,
      servers: this.servers,
    };
  }

  async stop(): Promise<void> {
    clearInterval(this.#memory);
    await Promise.all(this.subscribers.map((subscriber) => subscriber.leave()));
    await Promise.all(this.loads.map((load) => load.settle()));
    for (const close of this.#closers.reverse()) await close();
  }
}

/** Asks again and again until the condition holds, and tells how long that took since `since`. */
export async function untilHolds(condition: () => Promise<boolean>, giveUpMs: number, since = Date.now()) {
  while (!(await condition())) {
    if (Date.now() - since > giveUpMs) throw new Error(`did not hold within ${giveUpMs} ms`);
    await pause(lookAgainMs);
  }
  return Date.now() - since;
}
