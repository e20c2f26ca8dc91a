import type { nameLists } from "./names.js";
import type { Language } from "./phrases.js";

/** A market: who lives there, how they write, pay and can be called. */
export interface Region {
  country: string;
  locale: string;
  language: Language;
  names: keyof typeof nameLists;
  /** Share of the customers. */
  weight: number;
  currency: keyof typeof pricePerEuro;
  /** Near enough for opening hours; daylight saving is left out. */
  utcOffsetHours: number;
  cities: readonly (readonly [city: string, timeZone: string])[];
  streets: readonly string[];
  /** # stands for a digit; null where there are no postal codes. */
  postalCode: string | null;
  /** Numbers that are set aside for fiction, or that no operator assigns. */
  phone(n: number): string;
}

/** Round numbers: prices should look like prices, not like exchange rates. */
export const pricePerEuro = { EUR: 1, GBP: 0.85, USD: 1.1, IRR: 650_000, EGP: 52, AED: 4, SAR: 4 } as const;

/** Prefix by prefix, a hundred numbers each. */
function numbered(prefixes: readonly string[], fixed: string) {
  return (n: number) =>
    `${prefixes[Math.floor(n / 100) % prefixes.length]}${fixed}${String(n % 100).padStart(2, "0")}`;
}

function counted(prefix: string, digits: number) {
  return (n: number) => `${prefix}${String(n).padStart(digits, "0")}`;
}

const persianStreets = ["خیابان آزادی", "خیابان بهار", "کوچه\u200cی نسترن", "بلوار گل\u200cها"];
const arabicStreets = ["شارع النيل", "شارع السلام", "طريق الواحة", "شارع الياسمين"];

export const regions: readonly Region[] = [
  {
    country: "IR",
    locale: "fa-IR",
    language: "fa",
    names: "persian",
    weight: 34,
    currency: "IRR",
    utcOffsetHours: 3.5,
    cities: [
      ["تهران", "Asia/Tehran"],
      ["اصفهان", "Asia/Tehran"],
      ["شیراز", "Asia/Tehran"],
      ["تبریز", "Asia/Tehran"],
    ],
    streets: persianStreets,
    postalCode: "1#########",
    phone: numbered(
      ["912", "935", "919", "901", "936", "910", "933", "911", "937", "902", "938", "915"].map(
        (p) => `+98${p}`,
      ),
      "00000",
    ),
  },
  {
    country: "EG",
    locale: "ar-EG",
    language: "ar",
    names: "arabic",
    weight: 8,
    currency: "EGP",
    utcOffsetHours: 2,
    cities: [
      ["القاهرة", "Africa/Cairo"],
      ["الإسكندرية", "Africa/Cairo"],
    ],
    streets: arabicStreets,
    postalCode: "11###",
    phone: numbered(["+2010", "+2011", "+2012", "+2015"], "000000"),
  },
  {
    country: "SA",
    locale: "ar-SA",
    language: "ar",
    names: "arabic",
    weight: 9,
    currency: "SAR",
    utcOffsetHours: 3,
    cities: [
      ["الرياض", "Asia/Riyadh"],
      ["جدة", "Asia/Riyadh"],
    ],
    streets: arabicStreets,
    postalCode: "12###",
    phone: numbered(["+96650", "+96653", "+96654", "+96655", "+96656"], "00000"),
  },
  {
    country: "AE",
    locale: "ar-AE",
    language: "ar",
    names: "arabic",
    weight: 8,
    currency: "AED",
    utcOffsetHours: 4,
    cities: [
      ["دبي", "Asia/Dubai"],
      ["أبوظبي", "Asia/Dubai"],
    ],
    streets: arabicStreets,
    postalCode: null,
    phone: numbered(["+97150", "+97152", "+97154", "+97155", "+97156"], "00000"),
  },
  {
    country: "US",
    locale: "en-US",
    language: "en",
    names: "english",
    weight: 13,
    currency: "USD",
    utcOffsetHours: -6,
    cities: [
      ["New York", "America/New_York"],
      ["Chicago", "America/Chicago"],
      ["Denver", "America/Denver"],
      ["Seattle", "America/Los_Angeles"],
    ],
    streets: ["Maple Street", "Juniper Avenue", "Harbor Road", "Fifth Lane"],
    postalCode: "#####",
    phone: numbered(["+1202", "+1212", "+1312", "+1303", "+1206", "+1617"], "55501"),
  },
  {
    country: "GB",
    locale: "en-GB",
    language: "en",
    names: "english",
    weight: 9,
    currency: "GBP",
    utcOffsetHours: 0,
    cities: [
      ["London", "Europe/London"],
      ["Leeds", "Europe/London"],
    ],
    streets: ["Orchard Close", "Mill Lane", "Station Road"],
    postalCode: "N# #QX",
    phone: counted("+447700900", 3),
  },
  {
    country: "DE",
    locale: "de-DE",
    language: "de",
    names: "german",
    weight: 12,
    currency: "EUR",
    utcOffsetHours: 1,
    cities: [
      ["Berlin", "Europe/Berlin"],
      ["Köln", "Europe/Berlin"],
      ["München", "Europe/Berlin"],
    ],
    streets: ["Lindenweg", "Große Gasse", "Am Mühlbach", "Bahnhofstraße"],
    postalCode: "1####",
    phone: counted("+493023125", 3),
  },
  {
    country: "FR",
    locale: "fr-FR",
    language: "fr",
    names: "french",
    weight: 7,
    currency: "EUR",
    utcOffsetHours: 1,
    cities: [
      ["Lyon", "Europe/Paris"],
      ["Nantes", "Europe/Paris"],
    ],
    streets: ["rue des Lilas", "allée du Château", "place de l'Église"],
    postalCode: "69###",
    phone: counted("+33639980", 3),
  },
];
