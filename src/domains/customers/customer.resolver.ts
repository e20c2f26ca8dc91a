import type { GraphQLResolveInfo } from "graphql";
import { Arg, Args, Ctx, FieldResolver, ID, Info, Query, Resolver, Root } from "type-graphql";
import { type CustomerRow, identities, profiles } from "#schema/customers.js";
import type { RequestContext } from "../../context.js";
import { OfConsenting } from "../../platform/access/purpose.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { selectPage } from "../../platform/database/page.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { requireId } from "../../platform/ids.js";
import { askedColumns } from "../../platform/reads/asked-columns.js";
import { customerListing } from "./customer.queries.js";
import { Customer, CustomerConnection, CustomerListArgs } from "./customer.type.js";
import { identityKey } from "./identity.rules.js";
import { Identity, IdentityKind } from "./identity.type.js";
import { Profile } from "./profile.type.js";

@Resolver(() => Customer)
export class CustomerResolver {
  @RequiresScope("customers:read")
  @OfConsenting()
  @Query(() => Customer, {
    nullable: true,
    description:
      "One customer; null when there is none with this id. The id from before a merge finds the survivor.",
  })
  customer(
    @Arg("id", () => ID, { description: "Id of the customer." }) id: string,
    @Ctx() { loaders }: RequestContext,
  ) {
    return loaders.customers.byId.load(requireId("customer", id));
  }

  // Who finds a person by an address has seen the address; the type asks for `customers:read` besides.
  @RequiresScope("pii:read")
  @OfConsenting()
  @Query(() => Customer, {
    nullable: true,
    description: "The customer who holds an identity, in any spelling; null when nobody does.",
  })
  customerByIdentity(
    @Arg("kind", () => IdentityKind, { description: "What sort of address." })
    kind: keyof typeof IdentityKind,
    @Arg("value", () => String, { description: "The address as a person would type it." }) value: string,
    @Ctx() { loaders, phoneRegion }: RequestContext,
  ) {
    return loaders.customers.byIdentity.load(identityKey({ kind, value }, phoneRegion));
  }

  @RequiresScope("customers:read")
  @OfConsenting()
  @Query(() => CustomerConnection, {
    description: "Customers, the newest first unless sorted. Merged and erased ones are not listed.",
  })
  customers(
    @Args(() => CustomerListArgs) args: CustomerListArgs,
    @Ctx() { database }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return selectPage<CustomerRow>(database.read, customerListing, listRequest(customerListing, args, info));
  }

  @FieldResolver(() => [Identity], { description: "Every address under which the customer can be found." })
  identities(
    @Root() customer: CustomerRow,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.customers.identitiesByCustomer.load(customer.id, askedColumns(info, identities));
  }

  @FieldResolver(() => [Profile], { description: "What each source knows about the customer." })
  profiles(
    @Root() customer: CustomerRow,
    @Ctx() { loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return loaders.customers.profilesByCustomer.load(customer.id, askedColumns(info, profiles));
  }
}
