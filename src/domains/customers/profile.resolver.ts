import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import type { RequestContext } from "../../context.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { upsertProfiles } from "./profile.actions.js";
import { Profile, Source } from "./profile.type.js";
import { UpsertProfileResult, UpsertProfilesInput, UpsertProfilesPayload } from "./profile-recording.type.js";
import type { Recorded } from "./recording.rules.js";
import { withCursors } from "./recording.type.js";

@Resolver(() => Profile)
export class ProfileResolver {
  @RequiresScope("customers:write")
  @Mutation(() => UpsertProfilesPayload, {
    description:
      "Takes over what a source knows about people. Safe to repeat: one profile per (source, sourceRef).",
  })
  async upsertProfiles(
    @Arg("input", () => UpsertProfilesInput, { description: "The batch." }) input: UpsertProfilesInput,
    @Ctx() context: RequestContext,
  ) {
    const recorded = await upsertProfiles(context, input.source, input.profiles);
    return { results: withCursors(recorded, context) };
  }
}

/** Rows name their source by its code, and the code is the source. */
@Resolver(() => Source)
export class SourceResolver {
  @FieldResolver()
  code(@Root() code: string) {
    return code;
  }
}

@Resolver(() => UpsertProfileResult)
export class UpsertProfileResultResolver {
  @FieldResolver()
  customer(@Root() { customerId }: Recorded<"profile">, @Ctx() { loaders }: RequestContext) {
    return customerId && loaders.customers.byId.load(customerId);
  }
}
