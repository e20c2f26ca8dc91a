import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, Info, Mutation, Query, Resolver, Root } from "type-graphql";
import type { CustomerRow } from "#schema/customers.js";
import { type PurchaseRow, purchaseItems } from "#schema/purchases.js";
import type { RequestContext } from "../../context.js";
import { OfConsenting } from "../../platform/access/purpose.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { selectPage } from "../../platform/database/page.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { parseId } from "../../platform/ids.js";
import { askedColumns } from "../../platform/reads/asked-columns.js";
import { Customer } from "../customers/customer.type.js";
import type { Recorded } from "../customers/recording.rules.js";
import { withCursors } from "../customers/recording.type.js";
import { type PurchaseId, recordPurchases } from "./purchase.actions.js";
import { purchaseListing } from "./purchase.queries.js";
import { linesIn } from "./purchase.rules.js";
import { Purchase, PurchaseConnection, PurchaseItem, PurchaseListArgs } from "./purchase.type.js";
import {
  RecordPurchaseResult,
  RecordPurchasesInput,
  RecordPurchasesPayload,
} from "./purchase-recording.type.js";

@Resolver(() => Customer)
export class CustomerPurchasesResolver {
  @RequiresScope("purchases:read")
  @FieldResolver(() => PurchaseConnection, { description: "The customer's orders, the latest first." })
  purchases(
    @Root() customer: CustomerRow,
    @Args(() => PurchaseListArgs) args: PurchaseListArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.purchases.pageByCustomer.load(customer.id, listRequest(purchaseListing, args, info));
  }
}

@Resolver(() => Purchase)
export class PurchaseResolver {
  @RequiresScope("purchases:read")
  @OfConsenting()
  @Query(() => PurchaseConnection, {
    description: "Orders of all customers, the latest first unless sorted.",
  })
  purchases(
    @Args(() => PurchaseListArgs) args: PurchaseListArgs,
    @Ctx() { database }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return selectPage<PurchaseRow>(database.read, purchaseListing, listRequest(purchaseListing, args, info));
  }

  @RequiresScope("purchases:write")
  @Mutation(() => RecordPurchasesPayload, {
    description:
      "Records orders and returns as a source saw them. Safe to repeat: (source, kind, sourceRef) is recorded once.",
  })
  async recordPurchases(
    @Arg("input", () => RecordPurchasesInput, { description: "The batch." })
    input: RecordPurchasesInput,
    @Ctx() context: RequestContext,
  ) {
    const recorded = await recordPurchases(context, input.source, input.purchases);
    return { results: withCursors(recorded, context) };
  }

  @FieldResolver(() => Instant, { description: "When it happened: when it was placed." })
  occurredAt(@Root() purchase: PurchaseRow) {
    return purchase.placedAt;
  }

  @FieldResolver(() => Customer, { description: "Who bought." })
  customer(@Root() purchase: PurchaseRow, @Ctx() { loaders }: RequestContext) {
    return loaders.customers.byId.load(purchase.customerId);
  }

  @FieldResolver(() => [PurchaseItem], { description: "Its lines, in the order of the source." })
  async items(
    @Root() { id, currency }: PurchaseRow,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const columns = askedColumns(info, purchaseItems);
    return linesIn(currency, await loaders.purchases.itemsByPurchase.load(id, columns));
  }

  @FieldResolver()
  total(@Root() { total, currency }: PurchaseRow) {
    return { amount: total, currency };
  }
}

@Resolver(() => RecordPurchaseResult)
export class RecordPurchaseResultResolver {
  @FieldResolver()
  purchase(@Root() result: Recorded<PurchaseId>, @Ctx() { loaders }: RequestContext) {
    const id = result.id && parseId("purchase", result.id);
    return id && loaders.purchases.byId.load(id);
  }

  @FieldResolver()
  purchaseReturn(@Root() result: Recorded<PurchaseId>, @Ctx() { loaders }: RequestContext) {
    const id = result.id && parseId("purchaseReturn", result.id);
    return id && loaders.purchases.returnById.load(id);
  }
}
