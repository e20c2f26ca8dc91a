import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import type { ApiKeyRow } from "#schema/access.js";
import type { RequestContext } from "../../context.js";
import type { Caller } from "../../platform/access/caller.js";
import { startOfKeyText } from "../../platform/access/key-text.js";
import { OfNoCustomer } from "../../platform/access/purpose.js";
import { OpenToEveryKey, RequiresScope } from "../../platform/access/scopes.js";
import { type ListRequest, selectPage } from "../../platform/database/page.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { payloadOf } from "../../platform/graphql/user-error.js";
import { parseId, requireId } from "../../platform/ids.js";
import { createApiKey, revokeApiKey, rotateApiKey, updateApiKey } from "./api-key.actions.js";
import { apiKeyListing } from "./api-key.queries.js";
import { scopesOf, statusOf } from "./api-key.rules.js";
import { ApiKey, ApiKeyConnection, ApiKeyListArgs, RateLimit, Viewer } from "./api-key.type.js";
import {
  CreateApiKeyInput,
  CreateApiKeyPayload,
  RevokeApiKeyPayload,
  RotateApiKeyInput,
  RotateApiKeyPayload,
  UpdateApiKeyInput,
  UpdateApiKeyPayload,
} from "./api-key-changes.type.js";

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @RequiresScope("keys:manage")
  @Query(() => ApiKeyConnection, {
    description: "All keys, of a partner its own; the newest first unless sorted.",
  })
  apiKeys(@Args(() => ApiKeyListArgs) args: ApiKeyListArgs, @Ctx() { database, caller }: RequestContext) {
    const request = listRequest(apiKeyListing, args);
    return selectPage<ApiKeyRow>(database.read, apiKeyListing, ofCaller(caller, request));
  }

  @RequiresScope("keys:manage")
  @Mutation(() => CreateApiKeyPayload, { description: "Makes a key and tells it, this once." })
  async createApiKey(
    @Arg("input", () => CreateApiKeyInput, { description: "The key." }) input: CreateApiKeyInput,
    @Ctx() { database, caller }: RequestContext,
  ) {
    return payloadOf(await createApiKey(database, caller, { ...input }), nothing);
  }

  @RequiresScope("keys:manage")
  @Mutation(() => RotateApiKeyPayload, {
    description:
      "Gives a key a new secret and tells it, this once; the present one is let in for some hours more.",
  })
  async rotateApiKey(
    @Arg("input", () => RotateApiKeyInput, { description: "The key." }) input: RotateApiKeyInput,
    @Ctx() { database, caller }: RequestContext,
  ) {
    const id = requireId("apiKey", input.id, "input.id");
    return payloadOf(await rotateApiKey(database, caller, id, input.overlapHours), nothing);
  }

  @RequiresScope("keys:manage")
  @Mutation(() => UpdateApiKeyPayload, { description: "Changes what a key is called and what it may do." })
  async updateApiKey(
    @Arg("input", () => UpdateApiKeyInput, { description: "The changes." }) input: UpdateApiKeyInput,
    @Ctx() { database, caller }: RequestContext,
  ) {
    const { id, ...changes } = input;
    const keyId = requireId("apiKey", id, "input.id");
    return payloadOf(await updateApiKey(database, caller, keyId, changes as object), nothing);
  }

  @RequiresScope("keys:manage")
  @Mutation(() => RevokeApiKeyPayload, {
    description: "Ends a key for good: its requests and sockets end within about a second. Safe to repeat.",
  })
  async revokeApiKey(
    @Arg("id", () => ID, { description: "Which key." }) id: string,
    @Ctx() { database, caller }: RequestContext,
  ) {
    return payloadOf(await revokeApiKey(database, caller, requireId("apiKey", id)), nothing);
  }

  @FieldResolver()
  start(@Root() { id }: ApiKeyRow) {
    return startOfKeyText(id);
  }

  @FieldResolver()
  status(@Root() row: ApiKeyRow) {
    return statusOf(row, Date.now());
  }

  @FieldResolver()
  effectiveScopes(@Root() row: ApiKeyRow) {
    return scopesOf(row);
  }
}

@Resolver(() => Viewer)
export class ViewerResolver {
  @OpenToEveryKey()
  @OfNoCustomer()
  @Query(() => Viewer, { description: "Who asks, and what they may do." })
  viewer(@Ctx() { caller }: RequestContext) {
    return caller;
  }

  @OpenToEveryKey()
  @OfNoCustomer()
  @Query(() => RateLimit, {
    nullable: true,
    description:
      "What the caller may still spend. Asked alone it costs nothing. Null: the caller is not limited.",
  })
  rateLimit(@Ctx() { budgets, caller }: RequestContext) {
    return budgets.status(caller);
  }

  @FieldResolver()
  kind(@Root() { keyId }: Caller) {
    if (keyId === "admin") return "ADMIN_KEY";
    return keyId.startsWith("token:") ? "TOKEN" : "API_KEY";
  }

  @FieldResolver()
  apiKeyId(@Root() { keyId }: Caller) {
    return parseId("apiKey", keyId);
  }

  @FieldResolver()
  async name(@Root() { keyId }: Caller, @Ctx() { loaders }: RequestContext) {
    const id = parseId("apiKey", keyId);
    return id && ((await loaders.apiKeys.byId.load(id))?.name ?? null);
  }

  @FieldResolver()
  scopes(@Root() { scopes }: Caller) {
    return [...scopes].sort();
  }

  @FieldResolver()
  purpose(@Root() { purpose }: Caller) {
    return purpose?.purpose ?? "SERVICE";
  }

  @FieldResolver()
  expiresAt(@Root() { expiresAtMs }: Caller) {
    return expiresAtMs == null ? null : new Date(expiresAtMs).toISOString();
  }
}

const nothing = { apiKey: null, key: null };

function ofCaller({ partner }: Caller, request: ListRequest): ListRequest {
  if (!partner) return request;
  const own = { partner: { eq: partner } };
  return { ...request, where: request.where ? { and: [own, request.where] } : own };
}
