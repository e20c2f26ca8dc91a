import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import type { PrivacyRequestRow } from "#schema/privacy.js";
import type { RequestContext } from "../../context.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { selectPage } from "../../platform/database/page.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { payloadOf } from "../../platform/graphql/user-error.js";
import { requireId } from "../../platform/ids.js";
import { exportsPath, readableUntil } from "./export.js";
import {
  EraseCustomerInput,
  EraseCustomerPayload,
  ExportCustomerInput,
  ExportCustomerPayload,
  LiftSuppressionInput,
  LiftSuppressionPayload,
  PrivacyRequest,
  PrivacyRequestConnection,
  PrivacyRequestListArgs,
} from "./privacy.type.js";
import { liftSuppression, requestPrivacy } from "./request.actions.js";
import { privacyRequestListing, selectRequest } from "./request.queries.js";

/** The payload of a refusal. */
const nothing = { request: null };

@Resolver(() => PrivacyRequest)
export class PrivacyRequestResolver {
  @RequiresScope("privacy:export")
  @Mutation(() => ExportCustomerPayload, {
    description:
      "Asks for everything known of a customer, in one signed document. Safe to repeat: an open request is answered again.",
  })
  async exportCustomer(
    @Arg("input", () => ExportCustomerInput, { description: "Whose data." }) input: ExportCustomerInput,
    @Ctx() context: RequestContext,
  ) {
    return payloadOf(
      await requestPrivacy(context, "EXPORT", input.customerId, context.caller.keyId),
      nothing,
    );
  }

  @RequiresScope("privacy:erase")
  @Mutation(() => EraseCustomerPayload, {
    description:
      "Erases everything known of a customer for good, and keeps it from being recorded again. Safe to repeat: an open or finished request is answered again.",
  })
  async eraseCustomer(
    @Arg("input", () => EraseCustomerInput, { description: "Whose data." }) input: EraseCustomerInput,
    @Ctx() context: RequestContext,
  ) {
    return payloadOf(await requestPrivacy(context, "ERASE", input.customerId, context.caller.keyId), nothing);
  }

  @RequiresScope("privacy:erase")
  @Mutation(() => LiftSuppressionPayload, {
    description:
      "Lets an erased person be recorded again under one of their names: for people who come back by themselves.",
  })
  async liftSuppression(
    @Arg("input", () => LiftSuppressionInput, { description: "The name." }) input: LiftSuppressionInput,
    @Ctx() context: RequestContext,
  ) {
    return payloadOf(await liftSuppression(context, input), { lifted: false });
  }

  @RequiresScope("privacy:read")
  @Query(() => PrivacyRequest, {
    nullable: true,
    description: "One request to export or erase a customer; null when there is none with this id.",
  })
  async privacyRequest(
    @Arg("id", () => ID, { description: "Id of the request." }) id: string,
    @Ctx() { database }: RequestContext,
  ) {
    return (await selectRequest(database.read, requireId("privacyRequest", id))) ?? null;
  }

  @RequiresScope("privacy:read")
  @Query(() => PrivacyRequestConnection, {
    description: "Requests to export or erase customers, the newest first.",
  })
  privacyRequests(
    @Args(() => PrivacyRequestListArgs) args: PrivacyRequestListArgs,
    @Ctx() { database }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const { columns: _all, ...request } = listRequest(privacyRequestListing, args, info);
    return selectPage<PrivacyRequestRow>(database.read, privacyRequestListing, request);
  }

  @FieldResolver()
  documentPath(@Root() request: PrivacyRequestRow) {
    return readableUntil(request) && `${exportsPath}${request.id}`;
  }

  @FieldResolver()
  readableUntil(@Root() request: PrivacyRequestRow) {
    return readableUntil(request);
  }
}
