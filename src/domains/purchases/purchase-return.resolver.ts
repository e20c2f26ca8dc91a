import type { GraphQLResolveInfo } from "graphql";
import { Args, Ctx, FieldResolver, Info, Query, Resolver, Root } from "type-graphql";
import type { CustomerRow } from "#schema/customers.js";
import { type PurchaseReturnRow, type PurchaseRow, purchaseReturnItems } from "#schema/purchases.js";
import type { RequestContext } from "../../context.js";
import { OfConsenting } from "../../platform/access/purpose.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { selectPage } from "../../platform/database/page.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { Instant } from "../../platform/graphql/scalars.js";
import { askedColumns } from "../../platform/reads/asked-columns.js";
import { Customer } from "../customers/customer.type.js";
import { linesIn } from "./purchase.rules.js";
import { Purchase, PurchaseItem } from "./purchase.type.js";
import { purchaseReturnListing } from "./purchase-return.queries.js";
import { PurchaseReturn, PurchaseReturnConnection, PurchaseReturnListArgs } from "./purchase-return.type.js";

@Resolver(() => Customer)
export class CustomerReturnsResolver {
  @RequiresScope("purchases:read")
  @FieldResolver(() => PurchaseReturnConnection, { description: "The customer's returns, the latest first." })
  returns(
    @Root() customer: CustomerRow,
    @Args(() => PurchaseReturnListArgs) args: PurchaseReturnListArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.purchases.returnPageByCustomer.load(
      customer.id,
      listRequest(purchaseReturnListing, args, info),
    );
  }
}

@Resolver(() => Purchase)
export class ReturnsOfPurchaseResolver {
  @FieldResolver(() => PurchaseReturnConnection, { description: "What came back of it, the latest first." })
  returns(
    @Root() purchase: PurchaseRow,
    @Args(() => PurchaseReturnListArgs) args: PurchaseReturnListArgs,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.purchases.returnPageByPurchase.load(
      purchase.id,
      listRequest(purchaseReturnListing, args, info),
    );
  }
}

@Resolver(() => PurchaseReturn)
export class PurchaseReturnResolver {
  @RequiresScope("purchases:read")
  @OfConsenting()
  @Query(() => PurchaseReturnConnection, {
    description: "Returns of all customers, the latest first unless sorted.",
  })
  returns(
    @Args(() => PurchaseReturnListArgs) args: PurchaseReturnListArgs,
    @Ctx() { database }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return selectPage<PurchaseReturnRow>(
      database.read,
      purchaseReturnListing,
      listRequest(purchaseReturnListing, args, info),
    );
  }

  @FieldResolver(() => Instant, { description: "When it happened: when the goods came back." })
  occurredAt(@Root() goodsBack: PurchaseReturnRow) {
    return goodsBack.returnedAt;
  }

  @FieldResolver(() => Customer, { description: "Who returned the goods." })
  customer(@Root() goodsBack: PurchaseReturnRow, @Ctx() { loaders }: RequestContext) {
    return loaders.customers.byId.load(goodsBack.customerId);
  }

  @FieldResolver(() => Purchase, {
    nullable: true,
    description: "The order; null where it is unknown: many shops book returns on their own.",
  })
  purchase(@Root() { purchaseId }: PurchaseReturnRow, @Ctx() { loaders }: RequestContext) {
    return purchaseId && loaders.purchases.byId.load(purchaseId);
  }

  @FieldResolver(() => [PurchaseItem], { description: "Its lines, in the order of the source." })
  async items(
    @Root() { id, currency }: PurchaseReturnRow,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    const columns = askedColumns(info, purchaseReturnItems);
    return linesIn(currency, await loaders.purchases.itemsByReturn.load(id, columns));
  }

  @FieldResolver()
  total(@Root() { total, currency }: PurchaseReturnRow) {
    return { amount: total, currency };
  }
}
