/** What one writer knows of one contact it has sent, by its key (`sourceRef`). */
export interface Attempt {
  ref: string;
  customerRef: string;
  /** Sent so that it has to be refused. */
  isBad?: boolean;
  /** When it was first sent. */
  sentAt: number;
  /** ok: acknowledged. fail: refused, so it must not be there. unknown: no answer that says which, until the end. */
  outcome: "ok" | "fail" | "unknown";
  /** When it was acknowledged, the first time. */
  ackedAt?: number;
  /** Ids that acknowledgements gave; a repeated one gives the same. */
  ids: string[];
  /** How often it was sent, because of answers that told nothing. */
  sends: number;
}

/** One event as one subscriber got it. */
export interface Delivery {
  customerId: string;
  seq: number;
  subjectId: string | null;
  /** The subscriber's connection, counted from 1. */
  connection: number;
  at: number;
  /** What it was shown that not every access class sees. */
  shown?: string;
}

export interface Subscriber {
  name: string;
  /** The position after which it began. */
  beganAt: number;
  deliveries: readonly Delivery[];
  /** The only type of events it asked for; all when left out. */
  type?: string;
  /** When its key was changed: nothing that was sent later than a second after may reach it. */
  lostAccessAt?: number | null;
  /** All that its access class may be shown. */
  maySee?: readonly string[];
}

export interface StoredEvent {
  customerId: string;
  seq: number;
  pos: number | null;
  subjectId: string | null;
  type: string;
}

/** Everything that is known of a run, from all sides. */
export interface History {
  attempts: readonly Attempt[];
  subscribers: readonly Subscriber[];
  facts: readonly { ref: string; id: string }[];
  events: readonly StoredEvent[];
  customers: readonly { id: string; seq: number }[];
  /** The feed's last position. */
  head: number;
  servers: readonly { name: string; output: string; peakMb: number; crashes: readonly string[] }[];
}
