import type { Language } from "./phrases.js";
import { pricePerEuro } from "./regions.js";

interface Product {
  sku: string;
  euros: number;
  names: Record<Language, string>;
}

export const products: readonly Product[] = [
  product("LMP-01", 39, ["Desk lamp", "Schreibtischlampe", "Lampe de bureau", "چراغ رومیزی", "مصباح مكتب"]),
  product("KTL-02", 49, ["Kettle", "Wasserkocher", "Bouilloire", "کتری برقی", "غلاية"]),
  product("RCK-03", 79, ["Rucksack", "Rucksack", "Sac à dos", "کوله\u200cپشتی", "حقيبة ظهر"]),
  product("MUG-04", 9, ["Mug", "Becher", "Tasse", "لیوان", "كوب"]),
  product("TEA-05", 6.5, ["Green tea", "Grüner Tee", "Thé vert", "چای سبز", "شاي أخضر"]),
  product("SCF-06", 25, ["Scarf", "Schal", "Écharpe", "شال", "وشاح"]),
  product("HDP-07", 119, ["Headphones", "Kopfhörer", "Casque audio", "هدفون", "سماعات"]),
  product("NTB-08", 4.2, ["Notebook", "Notizbuch", "Carnet", "دفترچه", "دفتر"]),
  product("RUG-09", 210, ["Woven rug", "Webteppich", "Tapis tissé", "گلیم", "سجادة منسوجة"]),
  product("CHR-10", 145, ["Chair", "Stuhl", "Chaise", "صندلی", "كرسي"]),
  product("PAN-11", 34, ["Frying pan", "Pfanne", "Poêle", "ماهی\u200cتابه", "مقلاة"]),
  product("WTR-12", 18, ["Water bottle", "Trinkflasche", "Gourde", "قمقمه", "قارورة ماء"]),
];

/** What points buy. */
export const rewards = [
  { code: "free-delivery", name: "Free delivery", costPoints: 150, available: true },
  { code: "mug", name: "A mug with your name", costPoints: 400, available: true },
  { code: "voucher-10", name: "Voucher over 10 EUR", costPoints: 800, available: true },
  { code: "gift-wrap", name: "Gift wrapping for a year", costPoints: 300, available: false },
  { code: "headphones", name: "Headphones", costPoints: 6_000, available: true },
] as const;

/** The price in another currency, in steps that people there are used to, as a decimal text. */
export function priceIn(currency: keyof typeof pricePerEuro, euros: number): string {
  const price = euros * pricePerEuro[currency];
  return currency === "IRR" ? String(Math.round(price / 10_000) * 10_000) : price.toFixed(2);
}

function product(
  sku: string,
  euros: number,
  [en, de, fr, fa, ar]: [string, string, string, string, string],
): Product {
  return { sku, euros, names: { en, de, fr, fa, ar } };
}
