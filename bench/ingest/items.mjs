/** Made-up contacts: the same for every contender and every run. */

const channels = ["chat", "phone", "email", "app", "web", "store", "messaging", "bot"];
const kinds = ["message", "call", "visit", "view", "reply"];
const topics = [
  "Where is my parcel? The tracking page has not moved since Monday",
  "Question about the invoice of last month, line three",
  "Wants to change the delivery address before it is sent",
  "Asks for the size guide of the winter jackets",
  "Returned a call about the warranty of the coffee machine",
  "سفارش من کی می‌رسد؟ هنوز پیامی نگرفته‌ام",
];
const yearMs = 365 * 24 * 3600_000;
const firstDay = Date.UTC(2026, 0, 1);

/** Mulberry32: small, and the same everywhere. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Contact number `n`: a few customers have very many, most a handful (a power law). */
export function contact(random, n, customers) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const customer = Math.floor(customers * random() ** 2.5);
  return {
    sourceRef: `contact-${String(n).padStart(9, "0")}`,
    customer: { sourceRef: customerRef(customer) },
    channel: pick(channels),
    direction: random() < 0.7 ? "INBOUND" : "OUTBOUND",
    initiative: random() < 0.6 ? "UNSOLICITED" : "SOLICITED",
    kind: pick(kinds),
    occurredAt: new Date(firstDay + Math.floor(random() * yearMs)).toISOString(),
    summary: pick(topics),
  };
}

export function customerRef(n) {
  return `C${String(n).padStart(7, "0")}`;
}
