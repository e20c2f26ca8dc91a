import type { Phrases } from "../phrases.js";

export const german: Phrases = {
  asks: {
    delivery: [
      "Wo bleibt mein Paket?",
      "Die Lieferung ist drei Tage überfällig",
      "Bitte beim Nachbarn abgeben",
    ],
    payment: [
      "Meine Karte wurde doppelt belastet",
      "Ist Ratenzahlung möglich?",
      "Die Zahlungsseite zeigt einen Fehler",
    ],
    return: [
      "Ich möchte den Artikel zurückgeben",
      "Wann bekomme ich mein Geld zurück?",
      "Das Rücksendeetikett fehlt",
    ],
    product: [
      "Passt die Lampe in eine E27-Fassung?",
      "Der Wasserkocher schaltet nicht ab",
      "Kommt die blaue Variante wieder?",
    ],
    account: [
      "Ich kann mich nicht mehr anmelden",
      "Bitte ändern Sie meine E-Mail-Adresse",
      "Wie schließe ich mein Konto?",
    ],
    invoice: ["Ich brauche eine Rechnung auf meine Firma", "Auf der Rechnung steht die falsche Adresse"],
  },
  replies: [
    "Wir haben Ihnen Ersatz geschickt",
    "Die Erstattung ist unterwegs und dauert bis zu fünf Tage",
    "Der Zusteller versucht es morgen noch einmal",
    "Wir haben Ihre Angaben berichtigt",
  ],
  notices: [
    "Ihre Bestellung ist bestätigt",
    "Ihr Paket ist unterwegs",
    "Ihr Paket liegt in der Filiale bereit",
  ],
  offers: [
    "Herbstangebot: 20 % auf Küchenhelfer",
    "Neu: Leuchten junger Gestalter",
    "In Ihrem Warenkorb liegt noch etwas",
  ],
  visits: [
    "Sah sich Schreibtischlampen an",
    "Verglich zwei Wasserkocher",
    "Legte einen Rucksack in den Warenkorb",
  ],
  praise: ["Schnell und freundlich, danke!", "Genau das Richtige", "Schön verpackt"],
  complaints: [
    "Ich musste alles dreimal erklären",
    "Niemand hat zurückgerufen",
    "Das hat viel zu lange gedauert",
  ],
  returnReasons: [
    "Passt nicht",
    "Beschädigt angekommen",
    "Versehentlich bestellt",
    "Entspricht nicht der Beschreibung",
  ],
  points: {
    welcome: "Willkommen im Club",
    purchase: "Einkauf",
    released: "Rückgabefrist abgelaufen",
    redeemed: "Prämie eingelöst",
    lapsed: "Punkte verfallen",
    returned: "Ware zurückgegeben",
    corrected: "Korrektur durch den Kundendienst",
  },
};
