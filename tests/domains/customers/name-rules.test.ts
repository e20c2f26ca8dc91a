import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import {
  asciiDigits,
  displayNameOf,
  nameMatchKey,
  normaliseName,
} from "../../../src/domains/customers/name.rules.js";

const anyText = fc.string({ unit: "binary", maxLength: 40 });
/** Half of the alphabet is what the rules act on, so that random strings reach the interplay of steps. */
const spelling = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\u200c",
        "\u200f",
        "\u200d",
        "\ufeff",
        " ",
        "\u00a0",
        "\u0640",
        "\u064e",
        "\u0653",
        "\u0654",
      ),
      fc.constantFrom(
        "ا",
        "آ",
        "ي",
        "ی",
        "ك",
        "ئ",
        "ة",
        "ه",
        "۳",
        "٣",
        "\ufefb",
        "\ufe76",
        "\u00a8",
        "\u0301",
      ),
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

describe("normaliseName", () => {
  test.each([
    ["Arabic yeh and kaf", "ريكان", "ریکان"],
    ["swash kaf", "اڪبر", "اکبر"],
    ["alef maksura", "مصطفى", "مصطفی"],
    ["alef wasla", "ٱحمد", "احمد"],
    ["decomposed alef madda", "ا\u0653رش", "آرش"],
    ["hamza over Farsi yeh", "ر\u06cc\u0654یس", "رئیس"],
    ["vowel signs and tatweel", "مُحَمَّـد", "محمد"],
    ["an isolated vowel sign inside the word", "م\ufe76حمد", "محمد"],
    ["lam-alef presentation form", "اس\ufefbم", "اسلام"],
    ["bidi marks and byte order mark", "\ufeff\u200fعلی\u200e", "علی"],
    ["trailing ZWNJ after a space", "مهرزاده \u200c", "مهرزاده"],
    ["doubled ZWNJ, one kept", "پانته\u200c\u200cآ", "پانته\u200cآ"],
    ["no-break and double spaces", " علی\u00a0 اصغر\t", "علی اصغر"],
    ["Persian and Arabic-Indic digits", "علی ۲ ٣", "علی 2 3"],
    ["full-width Latin, case kept", "Ａｌｉ", "Ali"],
    ["a decomposed accent, kept", "Zoe\u0308", "Zoë"],
    ["a control character and a lone surrogate", "A\u0000l\ud800i", "Ali"],
    ["nothing visible", " \u200c\u200f\ufeff ", ""],
  ])("given %s, gives the canonical spelling", (_what, typed, canonical) => {
    expect(normaliseName(typed)).toBe(canonical);
  });

  test("is idempotent and storable for any string", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, spelling), (typed) => {
        const once = normaliseName(typed);
        expect(normaliseName(once)).toBe(once);
        expect(once).not.toMatch(/[\p{Cc}\p{Cs}]|^[\s\u200c]|[\s\u200c]$/u);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("nameMatchKey", () => {
  test.each([
    ["case and accents", "JOSÉ Muñoz", "jose munoz", "josemunoz"],
    ["space, hyphen and neither", "Mohammad-Reza", "mohammad reza", "mohammadreza"],
    ["apostrophes", "Sa’id O'Brien", "Said OBrien", "saidobrien"],
    ["sharp s in both cases", "STRAẞE", "Straße", "strasse"],
    ["Turkish dotted and dotless i", "İPEK Işık", "ipek isik", "ipekisik"],
    ["letters that do not decompose", "Łódź Søren Ægir", "Lodz Soren Aegir", "lodzsorenaegir"],
    ["the Greek final sigma", "ΟΔΥΣΣΕΎΣ", "Οδυσσευς", "οδυσσευσ"],
    ["Russian io", "Семён", "семен", "семен"],
    ["hamza forms of alef", "أحمد", "إحمد", "احمد"],
    ["alef madda", "آرش", "ارش", "ارش"],
    ["teh marbuta and heh goal", "فاطمة", "فاطمہ", "فاطمه"],
    ["hamza on the line and over waw", "ضیاء مؤمن", "ضیا مومن", "ضیامومن"],
    ["ZWNJ, space and neither", "علی\u200cآبادی", "علی آبادی", "علیابادی"],
  ])("folds %s", (_what, one, other, key) => {
    expect([nameMatchKey(one), nameMatchKey(other)]).toEqual([key, key]);
  });

  test("keeps different names and Indic vowel signs apart", () => {
    expect(nameMatchKey("علی")).not.toBe(nameMatchKey("عالی"));
    expect(nameMatchKey("राम")).not.toBe(nameMatchKey("रमा"));
  });

  test("is empty, hence no key, where no letter or digit was typed", () => {
    expect(nameMatchKey(" -- \u200f🙂 ")).toBe("");
  });

  test("is idempotent and the same before and after normaliseName", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, spelling), (typed) => {
        const key = nameMatchKey(typed);
        expect(nameMatchKey(key)).toBe(key);
        expect(nameMatchKey(normaliseName(typed))).toBe(key);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("displayNameOf", () => {
  test.each([
    [{ givenName: " Ada ", familyName: "de   la Cruz" }, "Ada de la Cruz"],
    [{ givenName: "علی\u00a0رضا", familyName: "تقی\u200cزاده\u200c" }, "علی رضا تقی\u200cزاده"],
    [{ givenName: "محمد", familyName: "الأحمد\u200e" }, "محمد الأحمد"],
    [{ givenName: "Ada", familyName: null }, "Ada"],
    [{ familyName: "山田" }, "山田"],
    [{ givenName: "Ada", familyName: "Lovelace", displayName: " Lady\tLovelace " }, "Lady Lovelace"],
    [{ givenName: "Ada", familyName: "Lovelace", displayName: " \u200f\u200b " }, "Ada Lovelace"],
    [{ displayName: "Ada\u202e👩\u200d🚀" }, "Ada👩\u200d🚀"],
    [{ givenName: "", familyName: " \u200c ", displayName: null }, null],
    [{}, null],
  ])("given %j, shows %j", (name, shown) => {
    expect(displayNameOf(name)).toBe(shown);
  });

  test("is null or visible, trimmed and stable for any parts", () => {
    fc.assert(
      fc.property(anyText, spelling, anyText, (givenName, familyName, displayName) => {
        const shown = displayNameOf({ givenName, familyName, displayName });
        if (shown === null) return;
        expect(shown).not.toMatch(/^[\s\u200c]|[\s\u200c]$|\s\s|[\p{Cc}\p{Cs}]|^$/u);
        expect(displayNameOf({ displayName: shown })).toBe(shown);
      }),
      { numRuns: 2000 },
    );
  });
});

test("asciiDigits maps both Eastern digit sets and nothing else", () => {
  expect(asciiDigits("۰۱۲۳۴۵۶۷۸۹ ٠١٢٣٤٥٦٧٨٩ 7 आ")).toBe("0123456789 0123456789 7 आ");
});

const folder = join(process.env.DATA_DIR ?? "../shared/data", "persian");
if (existsSync(folder)) {
  describe("the Persian and Arabic name files", () => {
    const variants = rows("name_variants_constructed.csv");

    test("every variant that must be equal gives its canonical spelling", () => {
      const must = variants.filter((row) => row.equal_is === "must");
      expect(must.length).toBeGreaterThan(9000);
      expect(must.filter((row) => normaliseName(row.variant ?? "") !== row.canonical)).toEqual([]);
    });

    test("every variant left to the product shares the match key of its canonical spelling", () => {
      const policy = variants.filter((row) => row.equal_is === "policy");
      expect(policy.length).toBeGreaterThan(500);
      expect(
        policy.filter((row) => nameMatchKey(row.variant ?? "") !== nameMatchKey(row.canonical ?? "")),
      ).toEqual([]);
    });

    test("the noise really present in the sources gives the canonical spelling", () => {
      const noise = rows("name_noise_in_sources.csv");
      expect(noise).toHaveLength(6);
      expect(noise.filter((row) => normaliseName(row.raw ?? "") !== row.canonical)).toEqual([]);
    });
  });
} else {
  test.skip(`the Persian and Arabic name files: no ${folder}; set DATA_DIR to run`, () => {});
}

function rows(file: string): Record<string, string>[] {
  return parse<Record<string, string>>(readFileSync(join(folder, file)), { columns: true });
}
