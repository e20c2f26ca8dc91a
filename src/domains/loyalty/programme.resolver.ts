import { Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import type { LoyaltyTierRow, RewardRow } from "#schema/loyalty.js";
import type { RequestContext } from "../../context.js";
import { OfNoCustomer } from "../../platform/access/purpose.js";
import { RequiresScope } from "../../platform/access/scopes.js";
import { selectRewards } from "./loyalty.queries.js";
import { LoyaltyTier, Reward } from "./loyalty.type.js";

/** A row that was read already, or only the code by which an account or an entry knows it. */
type Known<Row extends { code: string }> = Pick<Row, "code"> & Partial<Row>;

/** A tier is known by its code; the rest is read only where it is asked for. */
@Resolver(() => LoyaltyTier)
export class LoyaltyTierResolver {
  @RequiresScope("loyalty:read")
  @OfNoCustomer()
  @Query(() => [LoyaltyTier], { description: "The levels of the loyalty programme, the lowest first." })
  loyaltyTiers(@Ctx() { loaders }: RequestContext) {
    return loaders.loyalty.tiers.load();
  }

  @FieldResolver()
  async name(@Root() tier: Known<LoyaltyTierRow>, @Ctx() { loaders }: RequestContext) {
    return tier.name ?? (await loaders.loyalty.tierByCode.load(tier.code))?.name;
  }

  @FieldResolver()
  async rank(@Root() tier: Known<LoyaltyTierRow>, @Ctx() { loaders }: RequestContext) {
    return tier.rank ?? (await loaders.loyalty.tierByCode.load(tier.code))?.rank;
  }

  @FieldResolver()
  async earnedFrom(@Root() tier: Known<LoyaltyTierRow>, @Ctx() { loaders }: RequestContext) {
    return tier.earnedFrom ?? (await loaders.loyalty.tierByCode.load(tier.code))?.earnedFrom;
  }
}

/** A reward is known by its code; the rest is read only where it is asked for. */
@Resolver(() => Reward)
export class RewardResolver {
  @RequiresScope("loyalty:read")
  @OfNoCustomer()
  @Query(() => [Reward], { description: "What points can be spent on, the cheapest first; at most 1,000." })
  rewards(@Ctx() { database }: RequestContext) {
    return selectRewards(database.read);
  }

  @FieldResolver()
  async name(@Root() reward: Known<RewardRow>, @Ctx() { loaders }: RequestContext) {
    return reward.name ?? (await loaders.loyalty.rewardByCode.load(reward.code))?.name;
  }

  @FieldResolver()
  async costPoints(@Root() reward: Known<RewardRow>, @Ctx() { loaders }: RequestContext) {
    return reward.costPoints ?? (await loaders.loyalty.rewardByCode.load(reward.code))?.costPoints;
  }

  @FieldResolver()
  async available(@Root() reward: Known<RewardRow>, @Ctx() { loaders }: RequestContext) {
    return reward.available ?? (await loaders.loyalty.rewardByCode.load(reward.code))?.available;
  }
}
