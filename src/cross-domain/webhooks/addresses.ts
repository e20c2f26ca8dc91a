import { type LookupAddress, lookup } from "node:dns";
import { Resolver } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "../../domains/webhooks/webhook.rules.js";

/** All addresses of a name; rejects or answers none when it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** A name stands for an address that is not public, or for none. */
export class AddressError extends Error {
  constructor(readonly code: "ADDRESS_REFUSED" | "NAME_NOT_FOUND") {
    super(code);
    this.name = "AddressError";
  }
}

/** How long one name server may take to answer, and how often it is asked. */
const nameServer = { timeout: 2_000, tries: 2 };

/** Asks the name servers, not the system's resolver: a slow name there would hold up every other one of the process. */
export const askNameServers: Resolve = async (name) => {
  const resolver = new Resolver(nameServer);
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
};

/** The system's resolver, which knows names of this machine and its neighbours too. */
export const askSystem: Resolve = (name) =>
  new Promise((resolve, reject) =>
    lookup(name, { all: true }, (error, found) =>
      error ? reject(error) : resolve(found.map(({ address }) => address)),
    ),
  );

/**
 * The lookup of a connection that is about to be made: its answer is what is connected to, so nothing can change between
 * the check and the use. One address that is not public refuses the name.
 */
export function guardedLookup(resolve: Resolve, allowPrivate: boolean): LookupFunction {
  return (name, { all }, answer) => {
    publicAddresses(resolve, name, allowPrivate).then(
      (found) => (all ? answer(null, found) : answer(null, found[0]?.address as string, found[0]?.family)),
      (error: Error) => answer(error as NodeJS.ErrnoException, ""),
    );
  };
}

async function publicAddresses(
  resolve: Resolve,
  name: string,
  allowPrivate: boolean,
): Promise<LookupAddress[]> {
  const found = await resolve(name).catch(() => []);
  if (found.length === 0) throw new AddressError("NAME_NOT_FOUND");
  if (!allowPrivate && !found.every(isPublicAddress)) throw new AddressError("ADDRESS_REFUSED");
  return found.map((address) => ({ address, family: isIP(address) }));
}
