import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Mutation, Resolver, Root } from "type-graphql";
import type { ConsentRow } from "#schema/consent.js";
import type { CustomerRow } from "#schema/customers.js";
import type { RequestContext } from "../../context.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { PageArgs } from "../../platform/graphql/paging.js";
import { Customer } from "../customers/customer.type.js";
import type { Recorded } from "../customers/recording.rules.js";
import { withCursors } from "../customers/recording.type.js";
import { recordConsents } from "./consent.actions.js";
import { customerConsentHistory } from "./consent.queries.js";
import {
  Consent,
  ConsentConnection,
  RecordConsentResult,
  RecordConsentsInput,
  RecordConsentsPayload,
} from "./consent.type.js";

@Resolver(() => Customer)
export class CustomerConsentResolver {
  @RequiresScope("consent:read")
  @FieldResolver(() => [Consent], {
    description:
      "What holds now: per purpose and channel the newest the customer said, unless it has lapsed. Nothing said: absent.",
  })
  consents(@Root() customer: CustomerRow, @Ctx() { loaders }: RequestContext) {
    return loaders.consent.inForceByCustomer.load(customer.id);
  }

  @RequiresScope("consent:read")
  @FieldResolver(() => ConsentConnection, {
    description: "Everything the customer ever said about the use of their data, the latest first.",
  })
  consentHistory(
    @Root() customer: CustomerRow,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.consent.historyPageByCustomer.load(
      customer.id,
      listRequest(customerConsentHistory, args, info),
    );
  }
}

@Resolver(() => Consent)
export class ConsentResolver {
  @RequiresScope("consent:write")
  @Mutation(() => RecordConsentsPayload, {
    description:
      "Records what customers said about the use of their data. Safe to repeat: (source, sourceRef) is recorded once.",
  })
  async recordConsents(
    @Arg("input", () => RecordConsentsInput, { description: "The batch." }) input: RecordConsentsInput,
    @Ctx() context: RequestContext,
  ) {
    const recorded = await recordConsents(context, input.source, input.consents);
    return { results: withCursors(recorded, context) };
  }

  @FieldResolver(() => Customer, { description: "Who said it." })
  customer(@Root() consent: ConsentRow, @Ctx() { loaders }: RequestContext) {
    return loaders.customers.byId.load(consent.customerId);
  }
}

@Resolver(() => RecordConsentResult)
export class RecordConsentResultResolver {
  @FieldResolver()
  consent(@Root() { id }: Recorded<"consent">, @Ctx() { loaders }: RequestContext) {
    return id && loaders.consent.byId.load(id);
  }
}
