import { Args, Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import type { CustomerRow } from "#schema/customers.js";
import type { RequestContext } from "../../context.js";
import { OfConsenting } from "../../platform/access/purpose.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { sumOfMoney } from "../../platform/graphql/money.js";
import { pageRequest } from "../../platform/graphql/paging.js";
import type { Id } from "../../platform/ids.js";
import { Customer } from "../customers/customer.type.js";
import {
  type CurrencyFigures,
  selectBuyerCount,
  selectFigures,
  selectLineCount,
  selectTopCustomers,
} from "./purchase-summary.queries.js";
import {
  filterOnReturns,
  PurchaseSummary,
  PurchaseSummaryArgs,
  type PurchaseTotals,
  TopCustomer,
  TopCustomersArgs,
} from "./purchase-summary.type.js";

@Resolver(() => PurchaseSummary)
export class PurchaseSummaryResolver {
  @RequiresScope("purchases:read")
  @OfConsenting()
  @Query(() => PurchaseSummary, {
    description: `Figures over orders and returns. Cancelled orders are not counted. ${filterOnReturns}`,
  })
  purchaseSummary(
    @Args(() => PurchaseSummaryArgs) { where }: PurchaseSummaryArgs,
    @Ctx() { database }: RequestContext,
  ) {
    return new Summary({
      figures: () => selectFigures(database.read, where),
      lines: () => selectLineCount(database.read, where),
      customers: () => selectBuyerCount(database.read, where),
    });
  }

  @RequiresScope("purchases:read")
  @OfConsenting()
  @Query(() => [TopCustomer], {
    description: "The customers with the highest net revenue in one currency, the highest first.",
  })
  async topCustomers(
    @Args(() => TopCustomersArgs) { currency, first, where }: TopCustomersArgs,
    @Ctx() { database }: RequestContext,
  ) {
    const { size } = pageRequest({ first });
    const rows = await selectTopCustomers(database.read, { currency, size, where });
    return rows.map((row) => ({ ...row, net: sumOfMoney(row.net, currency) }));
  }
}

@Resolver(() => Customer)
export class CustomerPurchaseSummaryResolver {
  @RequiresScope("purchases:read")
  @FieldResolver(() => PurchaseSummary, {
    description: "Figures over all orders and returns of the customer. Cancelled orders are not counted.",
  })
  purchaseSummary(@Root() { id }: CustomerRow, @Ctx() { loaders: { purchases } }: RequestContext) {
    return new Summary({
      figures: () => purchases.figuresByCustomer.load(id),
      lines: () => purchases.lineCountByCustomer.load(id),
      customers: async () => ((await purchases.figuresByCustomer.load(id)).length > 0 ? 1 : 0),
    });
  }
}

@Resolver(() => TopCustomer)
export class TopCustomerResolver {
  @FieldResolver(() => Customer, { description: "The customer." })
  customer(@Root() row: { customerId: Id<"customer"> }, @Ctx() { loaders }: RequestContext) {
    return loaders.customers.byId.load(row.customerId);
  }
}

interface Reads {
  figures(): Promise<CurrencyFigures[]>;
  lines(): Promise<number>;
  customers(): Promise<number>;
}

/** A summary whose figures are read only where they are selected; those of one statement are read once. */
class Summary {
  private known: Promise<CurrencyFigures[]> | undefined;

  constructor(private readonly reads: Reads) {}

  get purchaseCount(): Promise<number> {
    return this.figures().then((rows) => rows.reduce((sum, row) => sum + row.purchaseCount, 0));
  }

  get returnCount(): Promise<number> {
    return this.figures().then((rows) => rows.reduce((sum, row) => sum + row.returnCount, 0));
  }

  get itemCount(): Promise<number> {
    return this.reads.lines();
  }

  get customerCount(): Promise<number> {
    return this.reads.customers();
  }

  get money(): Promise<PurchaseTotals[]> {
    return this.figures().then((rows) => rows.map(totalsOf));
  }

  private figures(): Promise<CurrencyFigures[]> {
    this.known ??= this.reads.figures();
    return this.known;
  }
}

function totalsOf({ currency, gross, returned, net }: CurrencyFigures): PurchaseTotals {
  return {
    currency,
    gross: sumOfMoney(gross, currency),
    returned: sumOfMoney(returned, currency),
    net: sumOfMoney(net, currency),
  };
}
