import inspector from "node:inspector";
import { setImmediate as turn } from "node:timers/promises";
import { answerOrders } from "./channel.mjs";

// Loaded into both servers before their own code (--import), so that they can be measured without being changed.

/** A collection finds what finalizers of the one before have let go; the third finds nothing more. */
const collections = 3;
const samplingUs = 250;

let session;
let profiledFrom;
/** Profiles count in microseconds of this clock. */
const now = () => Number(process.hrtime.bigint() / 1000n);
const command = (method, params) =>
  new Promise((resolve, reject) =>
    session.post(method, params, (error, result) => (error ? reject(error) : resolve(result))),
  );

answerOrders({
  /** Garbage away: what is left is in use. */
  async collect() {
    for (let i = 0; i < collections; i++) {
      globalThis.gc();
      await turn();
    }
    return process.memoryUsage();
  },
  async startProfile() {
    session = new inspector.Session();
    session.connect();
    await command("Profiler.enable");
    await command("Profiler.setSamplingInterval", { interval: samplingUs });
    await command("Profiler.start");
    profiledFrom = now();
  },
  /** The profile, and the part of its time that is not the profiler's own. */
  async stopProfile() {
    const profiledTo = now();
    const { profile } = await command("Profiler.stop");
    session.disconnect();
    return { profile, from: profiledFrom, to: profiledTo };
  },
});
process.channel.unref(); // the server ends as it does without
