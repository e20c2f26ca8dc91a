/**
 * The canonical spelling of a name: one word typed on an Arabic keyboard, a Persian keyboard or pasted out of a
 * spreadsheet comes out the same. Case, accents, hamza and the ZWNJ inside a word are kept: it still is the name.
 * Total and idempotent; the result holds no control character and no lone surrogate, so it can be stored.
 */
export function normaliseName(typed: string): string {
  const letters = withoutInvisible(typed.replace(/\s+/gu, " ").replace(SPACING_TASHKEEL, ""))
    .normalize("NFKC")
    .replace(HAMZA_ON_YEH, "ئ")
    .replace(ARABIC_MARKS, "")
    .replace(VARIANT_LETTERS, (letter) => CANONICAL_LETTER[letter] ?? letter);
  return tidySpacing(asciiDigits(letters).normalize("NFKC"));
}

/**
 * The coarser key under which two spellings are candidates for one name: also folds case, accents, hamza and alef
 * forms, teh marbuta and the Urdu heh, and drops whatever is neither letter nor digit ("Mohammad-Reza",
 * "Mohammad Reza" and "mohammadreza" agree). "" means the name has no key: never match on it.
 */
export function nameMatchKey(typed: string): string {
  return normaliseName(typed)
    .toLowerCase()
    .toUpperCase() // full case folding: both sharp s become "ss"
    .toLowerCase()
    .normalize("NFD")
    .replace(ACCENTS, "")
    .replace(FOLDED_LETTERS, (letter) => FOLDED_LETTER[letter] ?? letter)
    .replace(/[^\p{L}\p{M}\p{N}]/gu, "")
    .normalize("NFC");
}

/** What to call the customer on a screen: the stated display name, else given and family name; null when none is visible. */
export function displayNameOf(name: {
  givenName?: string | null;
  familyName?: string | null;
  displayName?: string | null;
}): string | null {
  const stated = tidyDisplay(name.displayName);
  if (stated !== "") return stated;
  const parts = [tidyDisplay(name.givenName), tidyDisplay(name.familyName)];
  return parts.filter((part) => part !== "").join(" ") || null;
}

/** Persian (U+06F0) and Arabic-Indic (U+0660) digits as 0-9; a keyboard layout must not make another number. */
export function asciiDigits(text: string): string {
  return text.replace(/[\u0660-\u0669\u06f0-\u06f9]/gu, (digit) => String(digit.charCodeAt(0) & 0xf));
}

const ZWNJ = "\u200c";

/** Bidi marks, BOM, soft hyphen, joiners, controls, lone surrogates: nothing a reader sees. ZWNJ is a letter boundary in Persian. */
const INVISIBLE = new RegExp(`(?!${ZWNJ})[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Default_Ignorable_Code_Point}]`, "gu");

/** The same without the joiners, which emoji and Indic scripts need to be drawn right. */
const INVISIBLE_ON_SCREEN = new RegExp(
  `(?![${ZWNJ}\\u200d\\ufe0e\\ufe0f])[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Default_Ignorable_Code_Point}]`,
  "gu",
);

/** Isolated vowel signs: NFKC would turn each into a space and a mark, cutting the word in two. */
const SPACING_TASHKEEL = /[\uFC5E-\uFC63\uFE70-\uFE7F]/gu;

/** Persian keyboards write hamza over Farsi yeh, which Unicode does not compose into the one letter. */
const HAMZA_ON_YEH = /[\u064a\u0649\u06cc]\u0654/gu;

/** Tatweel, vowel signs and Quranic marks: how a name is read or drawn, never which name it is. */
const ARABIC_MARKS = /[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]/gu;

/** Code points a Persian reader takes for one letter; the Persian one is canonical. */
const CANONICAL_LETTER: Readonly<Record<string, string>> = {
  "\u064a": "\u06cc", // Arabic yeh
  "\u0649": "\u06cc", // alef maksura
  "\u0643": "\u06a9", // Arabic kaf
  "\u06aa": "\u06a9", // swash kaf
  "\u0671": "\u0627", // alef wasla
  "\u06c0": "\u0647", // heh with the ezafe hamza, a grammatical mark
  "\u06d5": "\u0647", // ae, the heh that does not join
};
const VARIANT_LETTERS = new RegExp(`[${Object.keys(CANONICAL_LETTER).join("")}]`, "gu");

/** Latin, Greek and Cyrillic accents, and the Arabic madda and hamza that NFD splits off. Indic vowel signs stay. */
const ACCENTS = /[\u0300-\u036f\u0653-\u0655]/gu;

const FOLDED_LETTER: Readonly<Record<string, string>> = {
  "\u064a": "\u06cc", // what NFD leaves of yeh with hamza
  "\u0629": "\u0647", // teh marbuta
  "\u06c1": "\u0647", // heh goal
  "\u06be": "\u0647", // heh doachashmee
  "\u06c3": "\u0647", // teh marbuta goal
  "\u06d5": "\u0647", // what NFD leaves of heh with yeh above
  "\u0621": "", // hamza on the line
  ς: "σ",
  æ: "ae",
  ð: "d",
  ø: "o",
  þ: "th",
  đ: "d",
  ħ: "h",
  ł: "l",
  œ: "oe",
};
const FOLDED_LETTERS = new RegExp(`[${Object.keys(FOLDED_LETTER).join("")}]`, "gu");

function withoutInvisible(text: string): string {
  return text.replace(INVISIBLE, "");
}

function tidyDisplay(part: string | null | undefined): string {
  const visible = (part ?? "").replace(/\s+/gu, " ").replace(INVISIBLE_ON_SCREEN, "");
  const shown = tidySpacing(visible).normalize("NFC");
  return /[^\s\p{Default_Ignorable_Code_Point}]/u.test(shown) ? shown : "";
}

/** One space between words, one ZWNJ inside a word, none of either at an edge. */
function tidySpacing(text: string): string {
  return text
    .replace(/\u200c+/gu, ZWNJ)
    .replace(/[\s\u200c]*\s[\s\u200c]*/gu, " ")
    .replace(/^[\s\u200c]+/u, "")
    .replace(/[\s\u200c]+$/u, "");
}
