import type { ProfileInput } from "../../domains/customers/profile-recording.type.js";
import { dayMs, instantOf } from "./moments.js";
import { onArabicKeyboard, persianDigits } from "./names.js";
import { type Person, refAt } from "./people.js";
import { Random } from "./random.js";
import type { SourceCode, Told } from "./sources.js";

/** What each system knows about the people: first everybody's main profile, then the others. */
export function profilesOf(seed: number, people: readonly Person[], untilMs: number) {
  const told = people.flatMap((person) => {
    const random = new Random(seed, 2, person.index);
    return person.sources.map((source, place) => profile(random, person, source, place === 0, untilMs));
  });
  return { main: told.filter(({ isMain }) => isMain), further: told.filter(({ isMain }) => !isMain) };
}

function profile(random: Random, person: Person, source: SourceCode, isMain: boolean, untilMs: number) {
  const later = random.int(0, Math.floor((untilMs - person.knownFromMs) / dayMs / 2)) * dayMs;
  const sinceMs = isMain ? person.knownFromMs : person.knownFromMs + later;
  const item: ProfileInput = {
    sourceRef: refAt(person, source),
    ...nameAt(person, source),
    ...addressesAt(random, person, source, isMain),
    country: person.region.country,
    stage: isMain || source === "crm" ? person.stage : null,
    ...particulars(random, person, source),
    observedAt: instantOf(sinceMs),
    knownSince: instantOf(sinceMs),
  };
  return { source, atMs: sinceMs, item, isMain } satisfies Told<ProfileInput> & { isMain: boolean };
}

/** Systems spell differently: tills have Arabic keyboards or capitals, the help desk keeps one line. */
function nameAt({ given, family, region }: Person, source: SourceCode): Partial<ProfileInput> {
  const [givenName, familyName] = [given.written, family.written];
  if (source === "helpdesk") return { displayName: `${givenName} ${familyName}` };
  if (source === "chat") return { displayName: givenName };
  if (source !== "pos") return { givenName, familyName };
  return region.language === "fa"
    ? { givenName: onArabicKeyboard(givenName), familyName: onArabicKeyboard(familyName) }
    : { givenName, familyName: familyName.toLocaleUpperCase(region.locale) };
}

/** Every profile shares an address with the main one, which has them all: so they meet in one customer. */
function addressesAt(random: Random, person: Person, source: SourceCode, isMain: boolean) {
  const { email, phone, card, device, handle, region } = person;
  const rather = source === "pos" ? (phone ?? email) : (email ?? phone);
  const both = isMain || source === "crm";
  const typed = source === "pos" && region.language === "fa" ? persianDigits : (text: string) => text;
  const identities: NonNullable<ProfileInput["identities"]> = [];
  if (card && (isMain || source === "loyalty" || source === "pos"))
    identities.push({ kind: "LOYALTY_CARD", value: card, verified: source === "loyalty" });
  if (device && source === "webshop") identities.push({ kind: "DEVICE", value: device });
  if (handle && source === "chat") identities.push({ kind: "SOCIAL_HANDLE", value: handle });
  if (email && source === "webshop")
    identities.push({ kind: "EMAIL", value: email, verified: random.chance(0.8) });
  return {
    email: both || rather === email ? email : null,
    phone: phone && (both || rather === phone) ? typed(phone) : null,
    identities,
  };
}

function particulars(random: Random, { region }: Person, source: SourceCode): Partial<ProfileInput> {
  const [city, timeZone] = random.pick(region.cities);
  const street = `${random.pick(region.streets)} ${random.int(1, 180)}`;
  const postalCode = region.postalCode?.replace(/#/g, () => String(random.int(0, 9))) ?? null;
  const born = `${random.int(1945, 2006)}-${String(random.int(1, 12)).padStart(2, "0")}-${String(random.int(1, 28)).padStart(2, "0")}`;
  const speaks = { locale: region.locale, timeZone };
  const lives = { addressLines: [street], postalCode, city };
  if (source === "webshop") return { ...speaks, ...lives };
  if (source === "crm")
    return {
      ...speaks,
      ...lives,
      birthDate: random.chance(0.6) ? born : null,
      traits: { segment: random.pick(["home", "office", "gifts"]) },
    };
  return source === "loyalty" ? { ...speaks, birthDate: born } : { city };
}
