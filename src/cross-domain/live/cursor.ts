import type { Id } from "#schema/columns.js";
import { ApiError } from "../../platform/errors.js";
import { toId, uuidOf } from "../../platform/ids.js";

/** After event `seq` of one customer. */
export interface CustomerCursor {
  kind: "customer";
  epoch: string;
  customerId: Id<"customer">;
  seq: number;
}

/** After position `pos` of the whole feed. */
export interface FeedCursor {
  kind: "feed";
  epoch: string;
  pos: number;
}

export type Cursor = CustomerCursor | FeedCursor;

export type LiveErrorCode = "BAD_CURSOR" | "CURSOR_EPOCH" | "CURSOR_EXPIRED" | "CURSOR_AHEAD";

const messages: Record<LiveErrorCode, string> = {
  BAD_CURSOR: "This is no cursor for this stream.",
  CURSOR_EPOCH:
    "The event log was restored after this cursor was given out: read a new snapshot and start from it.",
  CURSOR_EXPIRED: "Events after this cursor are no longer kept: read a new snapshot and start from it.",
  CURSOR_AHEAD: "This cursor lies after the last event.",
};

/** Why a stream cannot start, or cannot go on, at a cursor. Meant for the client. */
export class LiveError extends ApiError {
  readonly code: LiveErrorCode;

  constructor(code: LiveErrorCode) {
    super(code, messages[code]);
    this.name = "LiveError";
    this.code = code;
  }
}

/** The longest one: tag, two uuids and a number of 16 digits are 94 characters, 126 in base64url. */
const maxCursorLength = 126;
const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const number = "0|[1-9][0-9]{0,15}";
const customerPattern = new RegExp(`^c1:(${uuid}):(${uuid}):(${number});$`);
const feedPattern = new RegExp(`^f1:(${uuid}):(${number});$`);

/** Opaque to clients. Plain text inside, so that SQL can build it too; the `;` shows that nothing was cut off. */
export function encodeCustomerCursor(epoch: string, customerId: Id<"customer">, seq: number): string {
  return encode(`c1:${epoch}:${uuidOf(customerId)}:${seq};`);
}

export function encodeFeedCursor(epoch: string, pos: number): string {
  return encode(`f1:${epoch}:${pos};`);
}

/** The cursor, or null for any text that the functions above did not make. */
export function decodeCursor(text: string): Cursor | null {
  if (text.length > maxCursorLength) return null;
  const plain = Buffer.from(text, "base64url").toString("latin1");
  if (encode(plain) !== text) return null;
  const customer = customerPattern.exec(plain);
  if (customer) {
    const [, epoch, id, seq] = customer as unknown as [string, string, string, string];
    return whole(seq, { kind: "customer", epoch, customerId: toId("customer", id), seq: Number(seq) });
  }
  const feed = feedPattern.exec(plain);
  if (!feed) return null;
  const [, epoch, pos] = feed as unknown as [string, string, string];
  return whole(pos, { kind: "feed", epoch, pos: Number(pos) });
}

function whole(digits: string, cursor: Cursor): Cursor | null {
  return Number.isSafeInteger(Number(digits)) ? cursor : null;
}

function encode(plain: string): string {
  return Buffer.from(plain, "latin1").toString("base64url");
}
