import { answerOrders } from "./channel.mjs";
import { wallClock } from "./clock.mjs";
import { subscribe } from "./subscriber.mjs";
import { Tally } from "./tally.mjs";

// All subscribers, in one process of their own. What goes wrong between two orders fails the next one.

/** Connections that are being opened at once: a server's queue for new ones holds 511. */
const wave = 200;
/** Nothing at all has come for so long: what is missing will not come. */
const silenceMs = 20_000;
const lookMs = 100;

let connections = [];
let tally = new Tally(0, 0, 0);
let now = wallClock();
let failure;
/** The text of an event, as the last new subscriber got it. */
let sample;

answerOrders({
  async connect({ count, ...to }) {
    failure = undefined;
    connections = [];
    tally = new Tally(count, 0, 0);
    for (let from = 0; from < count; from += wave) {
      const indexes = Array.from({ length: Math.min(wave, count - from) }, (_, i) => from + i);
      connections.push(
        ...(await Promise.all(indexes.map((index) => subscribe(index, to, handlersOf(index))))),
      );
    }
  },
  /** Events with these numbers are coming. */
  expect({ first, count }) {
    throwFailure();
    now = wallClock();
    tally = new Tally(connections.length, first, count);
  },
  /** Whether everybody gets one event before the time is over. */
  async everybodyHas({ number, withinMs }) {
    const deadline = performance.now() + withinMs;
    while (!tally.everybodyHas(number) && performance.now() < deadline) await look();
    return tally.everybodyHas(number);
  },
  /** Settles when everybody has everything. */
  async complete() {
    let heard = performance.now();
    for (let left = tally.left; tally.left > 0; ) {
      await look();
      if (tally.left < left) {
        left = tally.left;
        heard = performance.now();
      } else if (performance.now() - heard > silenceMs) throw new Error(tally.missing());
    }
    return { deliveries: tally.receivedAt.length, lastAt: tally.lastAt, bytes: tally.bytes };
  },
  sample: () => sample,
  latencies: ({ sentAt }) => tally.latencies(sentAt),
  async disconnect() {
    throwFailure();
    await Promise.all(connections.map((connection) => connection.close()));
    connections = [];
  },
});
process.on("disconnect", () => process.exit());

function handlersOf(index) {
  return {
    deliver(number, bytes, text) {
      tally.receive(index, number, now(), bytes);
      if (text) sample = text;
    },
    fail(error) {
      failure ??= new Error(`subscriber ${index}: ${error.message}`, { cause: error });
    },
  };
}

async function look() {
  await new Promise((resolve) => setTimeout(resolve, lookMs));
  throwFailure();
}

function throwFailure() {
  if (failure) throw failure;
}
