import type { InteractionInput } from "../../domains/interactions/interaction-recording.type.js";
import { instantOf, minuteMs } from "./moments.js";
import { type Person, referenceAt } from "./people.js";
import { topics } from "./phrases.js";
import type { Random } from "./random.js";
import type { Told } from "./sources.js";

/** How threads move from channel to channel; all of them are kept by the chat system. */
const routes = [
  ["bot", "bot", "chat", "chat", "phone"],
  ["bot", "bot", "chat"],
  ["messaging", "messaging", "messaging", "email"],
  ["chat", "chat", "email", "email", "phone"],
  ["social", "social", "messaging"],
  ["web_form", "email", "phone"],
  ["self_service", "bot", "chat", "chat"],
] as const;

/** One matter in several contacts: the customer asks, the company answers, in turns. */
export function conversation(
  random: Random,
  person: Person,
  ref: string,
  startMs: number,
  latestMs: number,
): Told<InteractionInput>[] {
  const lines = person.phrases.asks[random.pick(topics)];
  let atMs = startMs;
  return random.pick(routes).map((channel, i) => {
    const theirs = i % 2 === 0;
    const occurredMs = Math.min(atMs, latestMs);
    atMs += random.int(1, 45) * minuteMs;
    const item: InteractionInput = {
      sourceRef: `I-${ref}-${i + 1}`,
      conversationRef: `thread-${ref}`,
      customer: referenceAt(person, "chat"),
      channel,
      kind: channel === "phone" ? "call" : "message",
      direction: theirs ? "INBOUND" : "OUTBOUND",
      initiative: i === 0 ? "UNSOLICITED" : "SOLICITED",
      actor: channel === "bot" || channel === "self_service" ? "BOT" : "HUMAN",
      occurredAt: instantOf(occurredMs),
      summary: theirs ? (lines[(i / 2) % lines.length] ?? null) : random.pick(person.phrases.replies),
      durationSeconds: channel === "phone" ? random.int(60, 900) : null,
    };
    return { source: "chat" as const, atMs: occurredMs, item };
  });
}
