import { z } from "zod";
import { identityKind } from "#schema/customers.js";
import type { RequestContext } from "../../context.js";
import { identityKey } from "../../domains/customers/identity.rules.js";
import { ApiError } from "../../platform/errors.js";
import { typeNameOf } from "../../platform/graphql/node.js";
import { personalScope } from "../../platform/graphql/personal.js";
import { maxReferences } from "../../platform/limits.js";
import { readFor } from "./node.resolver.js";

const argument = "representations";

/** What another service knows of one of our entities: its type, and the fields of one of its keys. */
const reference = z.union([
  z.object({ __typename: z.string(), id: z.string() }),
  z.object({
    __typename: z.literal("Customer"),
    identity: z.object({ kind: z.enum(identityKind.enumValues), value: z.string() }),
  }),
]);

/**
 * The entities that another service names, in their order: null for one that is not there or that the caller may not read,
 * a refusal for one that is named wrongly. All of one kind are read by one statement.
 */
export function readReferences(context: RequestContext, references: readonly unknown[]): Promise<unknown>[] {
  if (references.length > maxReferences) {
    throw new ApiError("BATCH_TOO_LARGE", `${argument} may hold at most ${maxReferences} references.`, {
      argument,
    });
  }
  return references.map((given) => readReference(context, given));
}

async function readReference(context: RequestContext, given: unknown): Promise<{ id: string } | null> {
  const parsed = reference.safeParse(given);
  if (!parsed.success) {
    throw new ApiError("BAD_USER_INPUT", "A reference holds its __typename and the fields of one key.", {
      argument,
    });
  }
  if ("identity" in parsed.data) return customerByIdentity(context, parsed.data.identity);
  const { __typename, id } = parsed.data;
  const row = await readFor(context, id, argument);
  if (typeNameOf({ id }) === __typename) return row;
  throw new ApiError("BAD_ID", `This id names no ${__typename.slice(0, 100)}.`, { argument });
}

async function customerByIdentity(
  { caller, loaders, phoneRegion }: RequestContext,
  identity: Parameters<typeof identityKey>[0],
) {
  return caller.scopes.has("customers:read") && caller.scopes.has(personalScope)
    ? loaders.customers.byIdentity.load(identityKey(identity, phoneRegion))
    : null;
}
