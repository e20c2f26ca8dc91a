/**
 * What carries messages between nodes. It promises nothing: it may lose, double, delay and reorder them, or be away for as
 * long as it likes. Whoever uses it has another way to the same facts.
 */
export interface Broker {
  readonly connected: boolean;
  /** The largest message it takes now; 0 without a connection. */
  readonly maxMessageBytes: number;
  /** Never waits and never fails; false: not sent, because there is no connection or it does not keep up. */
  publish(subject: string, message: Uint8Array): boolean;
  /** Others' messages only, never one's own. Lasts until `close`, over every reconnect. */
  subscribe(subject: string, receiver: BrokerReceiver): void;
  close(): Promise<void>;
}

export interface BrokerReceiver {
  onMessage(message: Uint8Array): void;
  /** At the start and after every reconnect: what was sent in between is lost. */
  onConnected(): void;
}
