/**
 * Who has received which event, and when. Anything that may not be is thrown: an event twice, one of another shot.
 * Events of a shot have the numbers from `first`; subscribers the numbers from 0.
 */
export class Tally {
  left;
  bytes = 0;
  firstAt = 0;
  lastAt = 0;

  constructor(subscribers, first, count) {
    this.subscribers = subscribers;
    this.first = first;
    this.count = count;
    this.left = subscribers * count;
    /** By event, then by subscriber; 0 until it has come. */
    this.receivedAt = new Float64Array(this.left);
    this.received = new Uint32Array(count);
  }

  receive(subscriber, number, at, bytes) {
    const event = number - this.first;
    if (!(event >= 0 && event < this.count))
      throw new Error(
        `subscriber ${subscriber} got event ${number}, but only ${this.first} to ${this.first + this.count - 1} were sent`,
      );
    const place = event * this.subscribers + subscriber;
    if (this.receivedAt[place] > 0) throw new Error(`subscriber ${subscriber} got event ${number} twice`);
    this.receivedAt[place] = at;
    this.received[event]++;
    this.left--;
    this.bytes += bytes;
    this.lastAt = at;
  }

  /** Whether everybody has this event. */
  everybodyHas(number) {
    return this.received[number - this.first] === this.subscribers;
  }

  /** What has not come, in words. */
  missing() {
    const place = this.receivedAt.indexOf(0);
    const [number, subscriber] = [
      this.first + Math.floor(place / this.subscribers),
      place % this.subscribers,
    ];
    return `${this.left} of ${this.receivedAt.length} deliveries are missing, the first of event ${number} to subscriber ${subscriber}`;
  }

  /** Milliseconds from `sentAt` (one per event) to receipt, over all deliveries. */
  latencies(sentAt) {
    const sorted = this.receivedAt
      .map((at, place) => at - sentAt[Math.floor(place / this.subscribers)])
      .sort();
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted.at(-1) };
  }
}
