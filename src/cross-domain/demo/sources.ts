/**
 * The systems that the demonstration pretends to have. Lower priority wins where two know a field. Customers of the last
 * one are made last, so they are shown first.
 */
export const demoSources = [
  { code: "chat", name: "Chat and messaging", priority: 60 },
  { code: "helpdesk", name: "Help desk", priority: 40 },
  { code: "pos", name: "Tills in the stores", priority: 50 },
  { code: "loyalty", name: "Loyalty club", priority: 30 },
  { code: "crm", name: "Customer relations", priority: 10 },
  { code: "webshop", name: "Web shop", priority: 20 },
] as const;

export type SourceCode = (typeof demoSources)[number]["code"];

/** Something that a source tells, and when it happened. */
export interface Told<Item> {
  source: SourceCode;
  atMs: number;
  item: Item;
}
