import type { RequestContext } from "../../context.js";
import { isShared } from "../../platform/access/caller.js";

/** What resolvers may read for an answer that is given to everybody of an access class. */
const declared: ReadonlySet<PropertyKey> = new Set<keyof RequestContext>([
  "database",
  "loaders",
  "feed",
  "phoneRegion",
  "audience",
  "caller",
]);

/** Something of one caller was read for an answer meant for many. */
export class NotShared extends Error {}

export interface Guarded {
  context: RequestContext;
  /** A resolver read what belongs to one caller only: the answer may be given to nobody else. */
  readonly tripped: boolean;
}

/** The context under a guard: whatever is not declared above as the same for a whole access class cannot be read from it. */
export function guardedContext(context: RequestContext): Guarded {
  let tripped = false;
  const refuse = (name: PropertyKey): never => {
    tripped = true;
    throw new NotShared(`${String(name)} belongs to one caller`);
  };
  const caller = new Proxy(context.caller, {
    get: (target, name) => (isShared(name) ? Reflect.get(target, name) : refuse(name)),
    has: (_, name) => refuse(name),
    ownKeys: () => refuse("the list of attributes"),
  });
  const guarded = new Proxy(context, {
    get(target, name) {
      if (name === "caller") return caller;
      return declared.has(name) ? Reflect.get(target, name, target) : refuse(name);
    },
    ownKeys: () => refuse("the list of attributes"),
  });
  return {
    context: guarded,
    get tripped() {
      return tripped;
    },
  };
}
