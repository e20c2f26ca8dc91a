import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { buildSchema, type NonEmptyArray } from "type-graphql";
import {
  CustomerChangeResolver,
  CustomerLiveResolver,
  InteractionRecordedResolver,
  LiveResolver,
} from "../cross-domain/live/live.resolver.js";
import { NodeResolver } from "../cross-domain/nodes/node.resolver.js";
import {
  CustomerResolver,
  IdentityResolver,
  ProfileResolver,
} from "../domains/customers/customer.resolver.js";
import {
  ChannelResolver,
  ConversationResolver,
  CustomerInteractionsResolver,
  InteractionResolver,
  RecordInteractionResultResolver,
} from "../domains/interactions/interaction.resolver.js";

/** The one place that lists resolvers. type-graphql's store is global to the process: built once. */
const resolvers: NonEmptyArray<new () => object> = [
  CustomerResolver,
  IdentityResolver,
  ProfileResolver,
  CustomerInteractionsResolver,
  InteractionResolver,
  RecordInteractionResultResolver,
  ConversationResolver,
  ChannelResolver,
  NodeResolver,
  LiveResolver,
  InteractionRecordedResolver,
  CustomerChangeResolver,
  CustomerLiveResolver,
];

let built: Promise<GraphQLSchema> | undefined;

export function builtSchema(): Promise<GraphQLSchema> {
  built ??= buildSchema({
    resolvers,
    // Plain fields skip type-graphql's wrapper; scopes are checked per document, so nothing is bypassed.
    simpleResolvers: true,
    validate: false,
    // Streams come from the log; the option must be given as soon as a subscription exists.
    pubSub: noPubSub,
  } as Parameters<typeof buildSchema>[0]);
  return built;
}

const noPubSub = {
  publish(): never {
    throw new Error("events come from the log");
  },
  subscribe(): never {
    throw new Error("events come from the log");
  },
};
