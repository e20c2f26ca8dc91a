import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Mutation, Resolver, Root } from "type-graphql";
import type { CustomerRow } from "#schema/customers.js";
import { type LoyaltyAccountRow, type LoyaltyEntryRow, loyaltyAccounts } from "#schema/loyalty.js";
import type { RequestContext } from "../../context.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { askedColumns } from "../../platform/reads/asked-columns.js";
import { Customer } from "../customers/customer.type.js";
import type { Recorded } from "../customers/recording.rules.js";
import { withCursors } from "../customers/recording.type.js";
import { recordLoyaltyEntries } from "./loyalty.actions.js";
import { accountLedger } from "./loyalty.queries.js";
import { pointsMissing, tierAbove } from "./loyalty.rules.js";
import { LoyaltyAccount } from "./loyalty.type.js";
import { LoyaltyEntry, LoyaltyEntryConnection, LoyaltyEntryListArgs } from "./loyalty-entry.type.js";
import {
  RecordLoyaltyEntriesInput,
  RecordLoyaltyEntriesPayload,
  RecordLoyaltyEntryResult,
} from "./loyalty-recording.type.js";

@Resolver(() => Customer)
export class CustomerLoyaltyResolver {
  @RequiresScope("loyalty:read")
  @FieldResolver(() => LoyaltyAccount, {
    nullable: true,
    description: "The customer's loyalty account; null while no points were ever recorded.",
  })
  loyalty(
    @Root() customer: CustomerRow,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.loyalty.accountByCustomer.load(customer.id, askedColumns(info, loyaltyAccounts));
  }
}

@Resolver(() => LoyaltyAccount)
export class LoyaltyAccountResolver {
  @FieldResolver()
  tier(@Root() account: LoyaltyAccountRow) {
    return { code: account.tier };
  }

  @FieldResolver()
  async nextTier(@Root() account: LoyaltyAccountRow, @Ctx() { loaders }: RequestContext) {
    return tierAbove(account.tier, await loaders.loyalty.tiers.load());
  }

  @FieldResolver()
  async pointsToNextTier(@Root() account: LoyaltyAccountRow, @Ctx() { loaders }: RequestContext) {
    const next = tierAbove(account.tier, await loaders.loyalty.tiers.load());
    return next && pointsMissing(account.earned, next);
  }

  @FieldResolver()
  points(@Root() account: LoyaltyAccountRow) {
    return account;
  }

  @FieldResolver(() => Customer, { description: "Whose account it is." })
  customer(@Root() account: LoyaltyAccountRow, @Ctx() { loaders }: RequestContext) {
    return loaders.customers.byId.load(account.customerId);
  }

  @RequiresScope("loyalty:read")
  @FieldResolver(() => LoyaltyEntryConnection, {
    description: "Every movement of the points, the latest first unless sorted.",
  })
  ledger(
    @Root() account: LoyaltyAccountRow,
    @Args(() => LoyaltyEntryListArgs) args: LoyaltyEntryListArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.loyalty.ledgerPageByCustomer.load(
      account.customerId,
      listRequest(accountLedger, args, info),
    );
  }
}

@Resolver(() => LoyaltyEntry)
export class LoyaltyEntryResolver {
  @RequiresScope("loyalty:write")
  @Mutation(() => RecordLoyaltyEntriesPayload, {
    description:
      "Records movements of points as a source saw them. Safe to repeat: (source, sourceRef) is recorded once.",
  })
  async recordLoyaltyEntries(
    @Arg("input", () => RecordLoyaltyEntriesInput, { description: "The batch." })
    input: RecordLoyaltyEntriesInput,
    @Ctx() context: RequestContext,
  ) {
    const recorded = await recordLoyaltyEntries(context, input.source, input.entries);
    return { results: withCursors(recorded, context) };
  }

  @FieldResolver(() => Customer, { description: "Whose points moved." })
  customer(@Root() entry: LoyaltyEntryRow, @Ctx() { loaders }: RequestContext) {
    return loaders.customers.byId.load(entry.customerId);
  }

  @FieldResolver(() => LoyaltyAccount, { description: "The account it belongs to." })
  account(
    @Root() entry: LoyaltyEntryRow,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.loyalty.accountByCustomer.load(entry.customerId, askedColumns(info, loyaltyAccounts));
  }

  @FieldResolver()
  reward(@Root() { reward }: LoyaltyEntryRow) {
    return reward === null ? null : { code: reward };
  }
}

@Resolver(() => RecordLoyaltyEntryResult)
export class RecordLoyaltyEntryResultResolver {
  @FieldResolver()
  entry(@Root() { id }: Recorded<"loyaltyEntry">, @Ctx() { loaders }: RequestContext) {
    return id && loaders.loyalty.entryById.load(id);
  }
}
