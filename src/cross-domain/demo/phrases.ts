import { arabic } from "./phrases/ar.js";
import { german } from "./phrases/de.js";
import { english } from "./phrases/en.js";
import { persian } from "./phrases/fa.js";
import { french } from "./phrases/fr.js";

export const topics = ["delivery", "payment", "return", "product", "account", "invoice"] as const;
export type Topic = (typeof topics)[number];

/** What people say in one language, each in a line. */
export interface Phrases {
  /** What customers want to know. */
  asks: Record<Topic, readonly string[]>;
  /** What the company answers. */
  replies: readonly string[];
  /** What the company tells of its own accord about an order. */
  notices: readonly string[];
  offers: readonly string[];
  /** What a customer does on the site, in the app or in the store. */
  visits: readonly string[];
  praise: readonly string[];
  complaints: readonly string[];
  returnReasons: readonly string[];
  points: Record<
    "welcome" | "purchase" | "released" | "redeemed" | "lapsed" | "returned" | "corrected",
    string
  >;
}

export const phrasesOf = {
  en: english,
  de: german,
  fr: french,
  fa: persian,
  ar: arabic,
} satisfies Record<string, Phrases>;

export type Language = keyof typeof phrasesOf;
