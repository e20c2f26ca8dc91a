import { z } from "zod";
import { type LoyaltyAccountRow, loyaltyEntryKind } from "#schema/loyalty.js";
import type { Tx } from "../../platform/database/database.js";
import type { Refusal } from "../../platform/errors.js";
import { type Id, newId } from "../../platform/ids.js";
import {
  instant,
  oneOf,
  optional,
  refuse,
  requiredText,
  shortText,
  wholeNumber,
} from "../../platform/input.js";
import { compareInstants, earlier } from "../../platform/time.js";
import { recordBatch } from "../customers/recording.actions.js";
import type { Draft, Fact, Recording, WriteServices, Written } from "../customers/recording.rules.js";
import { customerReference } from "../customers/reference.rules.js";
import {
  insertEntries,
  selectAccountsByCustomers,
  selectRewardsByCodes,
  selectTiers,
  upsertAccounts,
} from "./loyalty.queries.js";
import { balanceAfter, type Change, changeOf, emptyBalance, tierFor } from "./loyalty.rules.js";

/** No movement of one customer's points is larger; millions of them still sum up exactly. */
const maxPoints = 1_000_000_000;

const addingKinds: ReadonlySet<string> = new Set(["EARN", "ACTIVATE", "ADJUST"]);

const entryItem = z
  .strictObject({
    sourceRef: requiredText,
    customer: customerReference,
    kind: oneOf(loyaltyEntryKind.enumValues),
    points: wholeNumber(-maxPoints, maxPoints),
    reason: optional(shortText),
    reward: optional(requiredText),
    expiresAt: optional(instant),
    pending: z
      .boolean()
      .nullish()
      .transform((pending) => pending ?? false),
    occurredAt: instant,
  })
  .superRefine(({ kind, points, pending, expiresAt, occurredAt }, context) => {
    const message = kind === "ADJUST" ? "must not be 0" : "must be above 0: the kind says which way they go";
    if (points === 0 || (points < 0 && kind !== "ADJUST"))
      refuse(context, "INVALID_NUMBER", message, ["points"]);
    if (pending && kind !== "EARN")
      refuse(context, "NOT_FOR_THIS_KIND", "can be true for EARN alone", ["pending"]);
    if (expiresAt && !addingKinds.has(kind))
      refuse(context, "NOT_FOR_THIS_KIND", "belongs to points that are added", ["expiresAt"]);
    if (expiresAt && compareInstants(expiresAt, occurredAt) <= 0)
      refuse(context, "INVALID_DATE", "must be later than occurredAt", ["expiresAt"]);
  });

type EntryItem = z.infer<typeof entryItem>;
type EntryFact = Fact<EntryItem, "loyaltyEntry">;

const recording: Recording<EntryItem, "loyaltyEntry"> = {
  record: "LOYALTY_ENTRY",
  id: "loyaltyEntry",
  item: entryItem,
  refused: unknownRewards,
  write: writeEntries,
};

/** Records movements of points; see `recordBatch` for what it promises. Refuses INSUFFICIENT_POINTS, UNKNOWN_REWARD. */
export function recordLoyaltyEntries(services: WriteServices, source: string, items: readonly unknown[]) {
  return recordBatch(services, recording, source, items);
}

/** The customers' row locks make the account as read the one that is written back: nobody spends the same points twice. */
async function writeEntries(tx: Tx, source: string, facts: readonly EntryFact[]): Promise<Written> {
  const refusals = new Map<number, Refusal>();
  const customerIds = [...new Set(facts.map((fact) => fact.customerId))];
  const known = await selectAccountsByCustomers(tx, customerIds);
  const accounts = new Map<Id<"customer">, Account>(known.map((row) => [row.customerId, row]));
  const entries = [];
  for (const fact of facts) {
    const { customerId, item } = fact;
    const account = accounts.get(customerId) ?? newAccount(fact);
    const change = changeOf(account, item);
    if ("refusal" in change) {
      refusals.set(fact.index, change.refusal);
      continue;
    }
    const joinedAt = earlier(account.joinedAt, item.occurredAt);
    const figures = balanceAfter(account, item.kind, change);
    accounts.set(customerId, { id: account.id, customerId, joinedAt, ...figures });
    entries.push(entryRow(source, fact, account.id, change));
  }
  if (refusals.size) return { events: [], refusals };
  const tiers = await selectTiers(tx);
  await upsertAccounts(
    tx,
    [...accounts.values()].map((account) => ({ ...account, tier: tierFor(account.earned, tiers).code })),
  );
  await insertEntries(tx, entries);
  const events = facts.map(({ index, id, customerId, item }) => ({
    index,
    customerId,
    type: "LOYALTY_ENTRY_RECORDED" as const,
    subjectId: id,
    occurredAt: item.occurredAt,
  }));
  return { events };
}

type Account = Omit<LoyaltyAccountRow, "tier" | "updatedAt">;

function newAccount({ customerId, item }: EntryFact): Account {
  return { id: newId("loyaltyAccount"), customerId, joinedAt: item.occurredAt, ...emptyBalance };
}

function entryRow(
  source: string,
  { id, customerId, profileId, item }: EntryFact,
  accountId: Id<"loyaltyAccount">,
  change: Change,
) {
  const { sourceRef, kind, reason, reward, expiresAt, occurredAt } = item;
  const about = { source, sourceRef, kind, reason, reward, expiresAt, occurredAt };
  return { id, customerId, profileId, accountId, ...about, ...change };
}

/** Items whose reward nobody has defined, refused by index. */
async function unknownRewards(
  tx: Tx,
  drafts: readonly Draft<EntryItem, "loyaltyEntry">[],
): Promise<ReadonlyMap<number, Refusal>> {
  const codes = [...new Set(drafts.flatMap(({ item }) => item.reward ?? []))];
  if (codes.length === 0) return new Map();
  const known = new Set((await selectRewardsByCodes(tx, codes)).map((reward) => reward.code));
  const refusal: Refusal = {
    code: "UNKNOWN_REWARD",
    field: "reward",
    message: "No reward has this code.",
  };
  const unknown = drafts.filter(({ item }) => item.reward !== null && !known.has(item.reward));
  return new Map(unknown.map(({ index }) => [index, refusal]));
}
