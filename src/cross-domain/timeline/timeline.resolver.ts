import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { CustomerRow } from "#schema/customers.js";
import type { RequestContext } from "../../context.js";
import { Customer } from "../../domains/customers/customer.type.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { pageRequest } from "../../platform/graphql/paging.js";
import { TimelineArgs, TimelineConnection } from "./timeline.type.js";

@Resolver(() => Customer)
export class CustomerTimelineResolver {
  @RequiresScope("customers:read")
  @FieldResolver(() => TimelineConnection, {
    description: "Everything that happened with the customer, of all domains, the latest first.",
  })
  timeline(
    @Root() customer: CustomerRow,
    @Args(() => TimelineArgs) args: TimelineArgs,
    @Ctx() { loaders }: RequestContext,
  ) {
    return loaders.timeline.pageByCustomer.load(customer.id, { ...pageRequest(args), where: args.where });
  }
}
