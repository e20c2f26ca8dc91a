import type { GraphQLResolveInfo } from "graphql";
import { Args, Ctx, FieldResolver, Info, Query, Resolver, Root } from "type-graphql";
import type { AuditEntryRow } from "#schema/audit.js";
import type { RequestContext } from "../../context.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { idsIn } from "../../platform/audit/customer-list.js";
import { selectPage } from "../../platform/database/page.js";
import { listRequest } from "../../platform/graphql/listing.js";
import { toId } from "../../platform/ids.js";
import { auditListing } from "./audit.queries.js";
import { AuditEntry, AuditEntryConnection, AuditEntryListArgs } from "./audit.type.js";

@Resolver(() => AuditEntry)
export class AuditEntryResolver {
  @RequiresScope("audit:read")
  @Query(() => AuditEntryConnection, {
    description: "Who read or changed whose data, the newest first. Reads are told within a second.",
  })
  auditEntries(
    @Args(() => AuditEntryListArgs) args: AuditEntryListArgs,
    @Ctx() { database }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ) {
    return selectPage<AuditEntryRow>(database.read, auditListing, listRequest(auditListing, args, info));
  }

  @FieldResolver()
  customerIds(@Root() { customers }: AuditEntryRow) {
    return idsIn(customers).map((id) => toId("customer", id));
  }
}
