import "reflect-metadata";
import type { AddressInfo } from "node:net";
import { sql } from "drizzle-orm";
import { createContext, type Services } from "./context.js";
import { Feed } from "./cross-domain/live/feed.js";
import { startSequencer } from "./cross-domain/live/sequencer.js";
import { authenticate } from "./platform/access/caller.js";
import { type ConnectionOptions, type DatabaseOptions, openDatabase } from "./platform/database/database.js";
import { migrateDatabase } from "./platform/database/migrate.js";
import { faultOf, type Logger } from "./platform/log.js";
import { createApollo } from "./server/apollo.js";
import { builtSchema } from "./server/build-schema.js";
import { createGraphiql } from "./server/graphiql.js";
import { createHealth } from "./server/health.js";
import { createHttpServer, graphqlPath, presentedKey, unauthenticated } from "./server/http.js";
import { starter } from "./server/starter.js";
import { serveWebSocket } from "./server/websocket.js";

export interface AppOptions {
  connection: ConnectionOptions;
  host: string;
  port: number;
  adminKey: string | null;
  phoneRegion: string | null;
  allowedOrigins: readonly string[];
  logger: Logger;
  /** Shown in GraphiQL: only for demonstrations. */
  shownKey?: string;
  databaseOptions?: DatabaseOptions;
}

export interface App {
  services: Services;
  url: string;
  /** Lets what runs finish, says goodbye to sockets, and gives every resource back. */
  stop(): Promise<void>;
}

/** The composition root: everything is made here, in plain calls, and stopped in the opposite order. */
export async function startApp(options: AppOptions): Promise<App> {
  const { logger } = options;
  await migrateDatabase(options.connection);
  const database = openDatabase(options.connection, options.databaseOptions);
  const onFault = (error: unknown) => logger.error(faultOf(error), "live");
  const feed = new Feed(database, { onFault });
  const sequencer = startSequencer(database, { onFault, onStamped: (head) => feed.poke(head) });
  const services: Services = {
    database,
    feed,
    phoneRegion: options.phoneRegion,
    onCommitted: () => sequencer.poke(),
  };
  await feed.ready();
  const identify = (key: string | null) => authenticate(database.read, options.adminKey, key);
  const schema = await builtSchema();
  const apollo = createApollo(schema, logger);
  await apollo.start();
  let stopping = false;
  const http = createHttpServer({
    apollo,
    logger,
    allowedOrigins: options.allowedOrigins,
    pages: [
      createHealth(async () => !stopping && (await answers(services))),
      createGraphiql({ graphqlPath, starter, ...(options.shownKey && { key: options.shownKey }) }),
    ],
    async contextOf(request, requestId) {
      const caller = await identify(presentedKey(request.headers));
      if (!caller) throw unauthenticated();
      return createContext(services, caller, requestId);
    },
  });
  const sockets = serveWebSocket(http, {
    schema,
    logger,
    allowedOrigins: options.allowedOrigins,
    authenticate: identify,
    createContext: (caller, requestId) => createContext(services, caller, requestId),
  });
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(options.port, options.host, resolve);
  });
  return {
    services,
    url: urlOf(http.address() as AddressInfo),
    async stop() {
      stopping = true;
      const closed = new Promise((resolve) => http.close(resolve));
      await sockets.stop();
      http.closeIdleConnections();
      await closed;
      await apollo.stop();
      await feed.close();
      await sequencer.stop();
      await database.close();
    },
  };
}

async function answers({ database }: Services): Promise<boolean> {
  await database.read.execute(sql`select 1`);
  return true;
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
