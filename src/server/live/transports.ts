import type { Server } from "node:http";
import type { GraphQLSchema } from "graphql";
import type { RequestContext } from "../../context.js";
import { askedTogether } from "../../platform/access/asked-together.js";
import type { Authenticate, Caller } from "../../platform/access/caller.js";
import type { Audience } from "../../platform/database/audience.js";
import { defaultMaxConnectionsPerKey } from "../../platform/limits.js";
import type { Logger } from "../../platform/log.js";
import { createEventStreams, type EventStreams } from "../event-streams.js";
import type { Idempotency } from "../idempotency.js";
import type { KnownDocuments } from "../known-documents.js";
import { watchLive } from "../live-metrics.js";
import type { Metrics } from "../metrics.js";
import type { Opened } from "../opened.js";
import { serveWebSocket } from "../websocket.js";
import { Connections } from "./connections.js";
import type { GroupOptions } from "./group.js";
import { Hub } from "./hub.js";
import { defaultPatience, type Patience } from "./patience.js";

export interface LiveOptions {
  schema: GraphQLSchema;
  metrics: Metrics;
  documents: KnownDocuments;
  idempotency: Idempotency;
  logger: Logger;
  /** Asked of the database each time: a key that was revoked a moment ago begins nothing that lasts. */
  authenticate: Authenticate;
  createContext(caller: Caller, requestId: string, audience: Audience): RequestContext;
  /** The same for answers that go to everybody of an access class. */
  createSharedContext(caller: Caller, requestId: string, audience: Audience): RequestContext;
  onFollowed: GroupOptions["onFollowed"];
  /** The feed's cursor of a position. */
  cursorOf(pos: number): string;
  allowedOrigins: readonly string[];
  maxConnectionsPerKey?: number | undefined;
  patience?: Partial<Patience> | undefined;
}

/** What this node's live connections cost. */
export interface LiveFigures {
  readonly connectionCount: number;
  readonly followerCount: number;
  readonly bufferedBytes: number;
}

export interface Live {
  events: EventStreams;
  /** Takes WebSockets on the server's upgrades, and ends all streams before the server itself is closed. */
  serve(http: Server): void;
  figures: LiveFigures;
}

/** Both transports of subscriptions, with the subscriptions and the connections that they share. */
export function createLive(options: LiveOptions, opened: Opened): Live {
  const { schema, logger, createSharedContext, onFollowed } = options;
  const authenticate = askedTogether(options.authenticate);
  const hub = new Hub({
    schema,
    logger,
    contextOf: ({ caller }, requestId, audience) => createSharedContext(caller, requestId, audience),
    onFollowed,
  });
  const maxPerKey = options.maxConnectionsPerKey ?? defaultMaxConnectionsPerKey;
  const connections = new Connections({ authenticate, logger, maxPerKey });
  opened.add(() => connections.stop());
  watchLive(options.metrics, connections, hub);
  const patience = { ...defaultPatience, ...options.patience };
  const events = createEventStreams({ ...options, hub, connections, patience });
  return {
    events,
    serve(http) {
      const sockets = serveWebSocket(http, { ...options, authenticate, hub, connections, patience });
      opened.add(() => sockets.stop());
      opened.add(() => events.stop());
    },
    figures: {
      get connectionCount() {
        return connections.count;
      },
      get followerCount() {
        return hub.followerCount;
      },
      get bufferedBytes() {
        return connections.bufferedBytes;
      },
    },
  };
}
