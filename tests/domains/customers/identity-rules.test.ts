import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { getCountries, getExampleNumber } from "libphonenumber-js/max";
import examples from "libphonenumber-js/mobile/examples";
import { type IdentityKind, normaliseIdentity } from "../../../src/domains/customers/identity.rules.js";

const kinds: IdentityKind[] = ["EMAIL", "PHONE", "LOYALTY_CARD", "DEVICE", "SOCIAL_HANDLE", "EXTERNAL_ID"];

/** What a caller sees: the value, or the code of the refusal. */
function outcome(kind: IdentityKind, typed: string, region?: string): string {
  const result = normaliseIdentity(kind, typed, { region });
  return result.ok ? result.value : result.code;
}

describe("e-mail", () => {
  test.each([
    ["case and spaces", " Ali.Rezaei+News@Example.COM ", "ali.rezaei+news@example.com"],
    [
      "bidi marks, ZWNJ, zero-width space and BOM",
      "\u200fali\u200b@exa\u200cmple.com\u200e\ufeff",
      "ali@example.com",
    ],
    ["a pasted line end", "ali@example.com\r\n", "ali@example.com"],
    ["full-width letters", "ａｌｉ＠example.com", "ali@example.com"],
    ["Persian and Arabic-Indic digits", "ali۱۲٣@example.com", "ali123@example.com"],
    ["angle brackets", "<Ali@Example.com>", "ali@example.com"],
    ["a display name", "Ali Rezaei <Ali@Example.com>", "ali@example.com"],
    ["a mailto link", "mailto:Ali%2Btag@example.com?subject=Hi", "ali+tag@example.com"],
    ["a mailto link with brackets", "<MAILTO:ali@example.com>", "ali@example.com"],
    ["the dot of a sentence", "ali@example.com.", "ali@example.com"],
    ["an international domain", "ali@München.de", "ali@xn--mnchen-3ya.de"],
    ["the same domain in ASCII", "ali@XN--MNCHEN-3YA.de", "ali@xn--mnchen-3ya.de"],
    ["a Persian address", "علی@ایران.ایران", "علی@xn--mgba3a4f16a.xn--mgba3a4f16a"],
  ])("given %s, gives the one spelling", (_what, typed, value) => {
    expect(outcome("EMAIL", typed)).toBe(value);
  });

  test.each([
    "ali",
    "@example.com",
    "ali@",
    "ali@localhost",
    "ali@@example.com",
    "a@b@example.com",
    ".ali@example.com",
    "ali.@example.com",
    "a..b@example.com",
    "a li@example.com",
    '"a li"@example.com',
    "ali@[192.0.2.1]",
    "ali@192.0.2.1",
    "ali@0x7f.1",
    "ali@%65xample.com",
    "ali@example.com/path",
    "ali@-example.com",
    "ali@exa_mple.com",
    "ali@example..com",
    "ali@xn--zzzzzz.com",
    `ali@${"a".repeat(64)}.com`,
    "",
    " \u200f ",
  ])("refuses %j", (typed) => {
    expect(outcome("EMAIL", typed)).toBe("INVALID_EMAIL");
  });

  test("holds the bounds of RFC 5321 to the octet", () => {
    const domain = `${"d".repeat(63)}.${"e".repeat(63)}.${"f".repeat(57)}.com`;
    const local = "l".repeat(64);
    expect(`${local}@${domain}`).toHaveLength(254);
    expect(outcome("EMAIL", `${local}@${domain}`)).toBe(`${local}@${domain}`);
    expect(outcome("EMAIL", `${local}@e${domain.replace("f.com", "f.coom")}`)).toBe("IDENTITY_TOO_LONG");
    expect(outcome("EMAIL", `${local}l@example.com`)).toBe("IDENTITY_TOO_LONG");
    expect(outcome("EMAIL", `${"ع".repeat(33)}@example.com`)).toBe("IDENTITY_TOO_LONG");
  });
});

describe("phone", () => {
  test.each([
    ["national", "0900 000 0001", "IR", "+989000000001"],
    ["a region in lower case", "0900 000 0001", "ir", "+989000000001"],
    ["Persian digits with a label", "موبایل: ۰۹۰۰ ۰۰۰ ۰۰۰۱", "IR", "+989000000001"],
    ["Arabic-Indic digits", "٠٩٠٠٠٠٠٠٠٠١", "IR", "+989000000001"],
    ["a plus put last by right-to-left typing", "۹۸۹۰۰۰۰۰۰۰۰۱+", undefined, "+989000000001"],
    ["bidi marks and full-width plus", "\u202a＋98 900 000 0001\u202c", undefined, "+989000000001"],
    ["a bracketed country code", "(+98) 900 0000001", undefined, "+989000000001"],
    ["a bracketed 00 prefix", "(0098) 900 0000001", undefined, "+989000000001"],
    ["a tel link", "tel:+98-900-000-0001", undefined, "+989000000001"],
    ["a trailing label", "+98 900 000 0001 (همراه)", undefined, "+989000000001"],
    ["British (0)", "+44 (0)20 7946 0958", undefined, "+442079460958"],
    ["00 and (0), typed in a country that dials 011", "0044 (0)20 7946 0958", "US", "+442079460958"],
    ["011, the prefix of that country", "011 44 20 7946 0958", "US", "+442079460958"],
    ["North American", "(202) 555-0123", "US", "+12025550123"],
    ["Italian, where the zero belongs to the number", "06 698 12345", "IT", "+390669812345"],
    ["an Arabic country", "٠٥٠ ١٢٣ ٤٥٦٧", "AE", "+971501234567"],
    ["a prefix in use that the number plan data lacks", "0941 000 0001", "IR", "+989410000001"],
    ["German with a slash", "030/123456", "DE", "+4930123456"],
  ])("given %s, gives E.164", (_what, typed, region, value) => {
    expect(outcome("PHONE", typed, region)).toBe(value);
  });

  test.each([
    ["no number", "call me", "IR"],
    ["nothing", "\u200f", "IR"],
    ["a national form without a region", "09000000001", undefined],
    ["a national form with an unknown region", "09000000001", "XX"],
    ["too short to be a subscriber", "12345", "IR"],
    ["a row of zeros", "+98 000 000 0001", undefined],
    ["too many digits for the country", "+98 900 000 00012", undefined],
    ["a Canadian number without its area code", "180-5554", "CA"],
    ["two numbers", "09000000001, 09000000002", "IR"],
    ["a vanity number", "1-800-FLOWERS", "US"],
    ["an extension", "021 1234 5678 ext. 12", "IR"],
    ["an extension in a tel link", "tel:+982112345678;ext=12", undefined],
    ["a Persian extension", "۰۲۱۱۲۳۴۵۶۷۸ داخلی ۱۲", "IR"],
  ])("refuses %s", (_what, typed, region) => {
    expect(outcome("PHONE", typed, region)).toBe("INVALID_PHONE");
  });

  test("every country's example number is found in each form people write it", () => {
    const missed: string[] = [];
    let tried = 0;
    for (const country of getCountries()) {
      const number = getExampleNumber(country, examples);
      if (number === undefined) continue;
      const digits = number.number.slice(1);
      const eastern = digits.replace(/\d/gu, (digit) => String.fromCharCode(0x06f0 + Number(digit)));
      const forms = [
        number.formatInternational(),
        number.formatNational(),
        `00${digits}`,
        `+${eastern}`,
        `${eastern}+`,
      ];
      for (const form of forms) {
        tried += 1;
        if (outcome("PHONE", form, country) !== number.number) missed.push(`${country} ${form}`);
      }
    }
    expect(tried).toBeGreaterThan(1000);
    expect(missed).toEqual([]);
  });
});

describe("loyalty card", () => {
  test.each([
    ["ab-12.34 ۵۶", "AB123456"],
    ["AB١٢\u201334\u00a056\u200f", "AB123456"],
    ["\u2212\u20601234", "1234"],
  ])("%j is %j", (typed, value) => {
    expect(outcome("LOYALTY_CARD", typed)).toBe(value);
  });

  test("refuses separators alone and more than 64 characters", () => {
    expect(outcome("LOYALTY_CARD", "-- . --")).toBe("INVALID_IDENTITY");
    expect(outcome("LOYALTY_CARD", "1".repeat(64))).toBe("1".repeat(64));
    expect(outcome("LOYALTY_CARD", "1".repeat(65))).toBe("IDENTITY_TOO_LONG");
  });
});

describe("social handle", () => {
  test.each([
    ["Instagram: @Ali.R", "instagram:ali.r"],
    ["instagram:ali\u200f۱۲", "instagram:ali12"],
    ["Twitter:@Ali", "x:ali"],
    ["https://X.com/Ali?s=20", "x:ali"],
    ["https://www.instagram.com/Ali.R/", "instagram:ali.r"],
    ["t.me/Ali", "telegram:ali"],
    ["https://www.linkedin.com/in/ali-r/", "linkedin:ali-r"],
    ["https://www.tiktok.com/@ali", "tiktok:ali"],
    ["mastodon:@Ali@example.social", "mastodon:ali@example.social"],
  ])("%j is %j", (typed, value) => {
    expect(outcome("SOCIAL_HANDLE", typed)).toBe(value);
  });

  test.each([
    "@ali",
    "instagram:",
    ":ali",
    "instagram:@",
    "insta gram:ali",
    "x:a b",
    "https://example.com/ali",
  ])("refuses %j", (typed) => {
    expect(outcome("SOCIAL_HANDLE", typed)).toBe("INVALID_IDENTITY");
  });

  test("refuses more than 255 characters", () => {
    expect(outcome("SOCIAL_HANDLE", `x:${"a".repeat(253)}`)).toBe(`x:${"a".repeat(253)}`);
    expect(outcome("SOCIAL_HANDLE", `x:${"a".repeat(254)}`)).toBe("IDENTITY_TOO_LONG");
  });
});

describe("device and external id", () => {
  test("are kept exactly but for surrounding space", () => {
    expect(outcome("DEVICE", " 3F2a-9C_ü۱ ")).toBe("3F2a-9C_ü۱");
    expect(outcome("EXTERNAL_ID", " ERP : 00-Ab:9 ")).toBe("ERP:00-Ab:9");
    expect(outcome("EXTERNAL_ID", "erp:Zoe\u0308")).toBe("erp:Zo\u00eb");
  });

  test("need a source and a reference", () => {
    for (const typed of ["17", "erp:", ":17", " : "])
      expect(outcome("EXTERNAL_ID", typed)).toBe("INVALID_IDENTITY");
  });

  test("have at most 255 characters", () => {
    expect(outcome("DEVICE", "d".repeat(255))).toBe("d".repeat(255));
    expect(outcome("DEVICE", "d".repeat(256))).toBe("IDENTITY_TOO_LONG");
    expect(outcome("EXTERNAL_ID", `erp:${"1".repeat(251)}`)).toBe(`erp:${"1".repeat(251)}`);
    expect(outcome("EXTERNAL_ID", `erp:${"1".repeat(252)}`)).toBe("IDENTITY_TOO_LONG");
  });
});

describe("every kind", () => {
  const refusalOf = (kind: IdentityKind) =>
    kind === "EMAIL" ? "INVALID_EMAIL" : kind === "PHONE" ? "INVALID_PHONE" : "INVALID_IDENTITY";

  test.each(kinds)("%s refuses NUL, controls, lone surrogates, the empty and the endless", (kind) => {
    const bad = ["a\u0000b", "a\u001bb", "a\u0085b", "a\nb", "a\u2028b", "\ud800", "a\udc00", "", " \t "];
    expect(bad.map((typed) => outcome(kind, typed))).toEqual(bad.map(() => refusalOf(kind)));
    expect(outcome(kind, " ".repeat(1025))).toBe("IDENTITY_TOO_LONG");
  });

  const fragment = fc.oneof(
    fc.constantFrom(
      "@",
      ".",
      ":",
      "+",
      "-",
      "(",
      ")",
      "<",
      ">",
      "mailto:",
      "x:",
      "t.me/",
      "00",
      "98",
      "900",
      "0000001",
    ),
    fc.constantFrom(
      "\u200c",
      "\u200f",
      " ",
      "\u00a8",
      "۱",
      "٩",
      "K",
      "ß",
      "İ",
      "\u0301",
      "xn--",
      ".com",
      "ext",
      "%",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 4 }),
    fc.string({ minLength: 1, maxLength: 8 }),
  );
  const typedText = fc.array(fragment, { maxLength: 10 }).map((parts) => parts.join(""));
  const lonely = fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units));
  const plausible = fc.oneof(
    fc.emailAddress(),
    fc.tuple(typedText, fc.domain()).map(([local, domain]) => `${local}@${domain}`),
    fc
      .tuple(fc.constantFrom("+98", "0", "0098", "+1", "+5411"), fc.stringMatching(/^\d{8,11}$/))
      .map((parts) => parts.join("")),
    fc.tuple(fc.constantFrom("x:", "Erp: ", "fb:@"), typedText).map((parts) => parts.join("")),
  );

  test("never throws, and a value normalises to itself, for any string", () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.oneof(typedText, lonely, plausible),
        fc.constantFrom("IR", "US", "ar", "", "??", undefined),
        (kind, typed, region) => {
          const once = normaliseIdentity(kind, typed, { region });
          if (!once.ok) return;
          accepted += 1;
          expect(once.value).not.toMatch(/[\p{Cc}\p{Cs}]|^\s|\s$|^$/u);
          expect(normaliseIdentity(kind, once.value, { region })).toEqual(once);
        },
      ),
      { numRuns: 5000 },
    );
    expect(accepted).toBeGreaterThan(1000);
  });

  test("a refusal never repeats what was typed", () => {
    const secret = "Zq7Zq7";
    const bad = [`${secret}@`, `${secret}\u0000`, `${secret} ${secret}`, secret.repeat(300)];
    for (const kind of kinds) {
      for (const typed of bad)
        expect(JSON.stringify(normaliseIdentity(kind, typed, {}))).not.toMatch(/"message".*Zq7/iu);
    }
  });
});

const file = join(process.env.DATA_DIR ?? "../shared/data", "persian", "ir_phone_variants_constructed.csv");
if (existsSync(file)) {
  test("every spelling of the Iranian phone file gives its E.164 number", () => {
    const rows = parse<{ e164: string; variant: string; form: string }>(readFileSync(file), {
      columns: true,
    });
    expect(rows).toHaveLength(570);
    expect(rows.filter((row) => outcome("PHONE", row.variant, "IR") !== row.e164)).toEqual([]);
  });
} else {
  test.skip(`every spelling of the Iranian phone file: no ${file}; set DATA_DIR to run`, () => {});
}
