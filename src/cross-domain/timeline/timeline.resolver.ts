import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { CustomerRow } from "#schema/customers.js";
import type { RequestContext } from "../../context.js";
import { Customer } from "../../domains/customers/customer.type.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { pageRequest } from "../../platform/graphql/paging.js";
import { readableKinds } from "./timeline.queries.js";
import { TimelineArgs, TimelineConnection } from "./timeline.type.js";

@Resolver(() => Customer)
export class CustomerTimelineResolver {
  @RequiresScope("customers:read")
  @FieldResolver(() => TimelineConnection, {
    description:
      "What happened with the customer, the latest first: contacts, orders, returns, tickets, points, feedback. Entries of domains that the key may not read are left out.",
  })
  timeline(
    @Root() customer: CustomerRow,
    @Args(() => TimelineArgs) args: TimelineArgs,
    @Ctx() { loaders, caller }: RequestContext,
  ) {
    const kinds = readableKinds(caller.scopes, args.where?.kinds);
    const where = { ...args.where, kinds };
    return loaders.timeline.pageByCustomer.load(customer.id, { ...pageRequest(args), where });
  }
}
