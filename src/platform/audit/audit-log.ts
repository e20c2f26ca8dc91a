import type { DocumentNode, OperationDefinitionNode } from "graphql";
import type { Database, Tx } from "../database/database.js";
import { type Id, newId, uuidOf } from "../ids.js";
import { documentHash } from "./document-hash.js";
import { copyEntries, type Entry, insertEntry } from "./entries.js";

/** How long an entry of a read waits for others, and so how much a killed process can lose. */
const flushEveryMs = 200;
/** Entries in one statement; a batch that is full is written at once. */
const entriesAtOnce = 500;
/** Entries held while they cannot be written, half a minute of reads. What comes on top is lost, and counted. */
const maxHeld = 20_000;
/** Characters of their customers' ids: two million customers, 64 MB. */
const maxHeldCharacters = 64 * 1024 * 1024;

/** Of the name of an operation, which may be as long as its document: entries are kept for ever. */
const maxNameLength = 200;

/** An entry of a read or a subscription: it waits to be written, or is lost and learns nothing more. */
interface OpenEntry extends Entry {
  isHeld: boolean;
}

export interface AuditLogOptions {
  /** Whether reads are written down; changes, subscriptions and exported documents are in any case. */
  reads: boolean;
  /** A fault; the log goes on by itself. */
  onFault(error: unknown): void;
}

/**
 * Who read whose data, gathered in memory and written in batches of their own: reads never wait for it. Changes are written
 * by `Trail.changed`, with the change.
 */
export class AuditLog {
  private held: OpenEntry[] = [];
  private heldCharacters = 0;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  /** Whether some of those held may be written already: nobody knows how the last attempt ended. */
  private unsure = false;
  /** What has become of entries since the start; lost: the database took none for a long time. */
  readonly entries = { written: 0, lost: 0 };
  private isLosing = false;

  constructor(
    private readonly database: Database,
    private readonly options: AuditLogOptions,
  ) {}

  /** The trail of one request of a key, with what it was for where that needed consent. */
  trail(keyId: string, requestId: string, purpose: string | null = null): Trail {
    return new Trail(this, keyId, requestId, purpose);
  }

  /** Whether reads are written down. */
  get reads(): boolean {
    return this.options.reads;
  }

  /** For trails: an entry that may still learn of more customers until it is written. */
  open(trail: Trail, action: Entry["action"]): OpenEntry {
    const isHeld = this.held.length < maxHeld && this.heldCharacters < maxHeldCharacters;
    const entry: OpenEntry = {
      id: newId("auditEntry"),
      at: Date.now(),
      action,
      trail,
      customers: [],
      isHeld,
    };
    if (!isHeld) {
      this.entries.lost++;
      if (!this.isLosing) this.options.onFault(new Error("audit entries are lost: none can be written"));
      this.isLosing = true;
      return entry;
    }
    this.held.push(entry);
    if (this.held.length >= entriesAtOnce) this.flushSoon();
    else this.timer ??= setTimeout(() => this.flushSoon(), flushEveryMs).unref();
    return entry;
  }

  /** For trails: these customers too; bare ids, one or many. */
  tell(entry: OpenEntry, list: string): void {
    if (!entry.isHeld) return;
    entry.customers.push(list);
    this.heldCharacters += list.length;
  }

  /** Writes what is held now. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.writing;
    this.writing = this.writeHeld().finally(() => {
      this.writing = undefined;
    });
    await this.writing;
  }

  private async writeHeld(): Promise<void> {
    while (this.held.length > 0) await this.writeBatch();
  }

  private flushSoon(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing ??= this.writeAll().finally(() => {
      this.writing = undefined;
      if (this.held.length > 0) this.timer ??= setTimeout(() => this.flushSoon(), flushEveryMs).unref();
    });
  }

  /** What cannot be written now is tried again with the next: the ids make that harmless. */
  private async writeAll(): Promise<void> {
    try {
      do await this.writeBatch();
      while (this.held.length >= entriesAtOnce);
    } catch (error) {
      this.options.onFault(error);
    }
  }

  private async writeBatch(): Promise<void> {
    const batch = this.held.slice(0, entriesAtOnce);
    for (const { trail } of batch) trail.closeRead();
    const again = this.unsure;
    this.unsure = true;
    await this.database.transaction((tx) => copyEntries(tx, batch, again));
    this.unsure = false;
    this.isLosing = false;
    this.entries.written += batch.length;
    this.held.splice(0, batch.length);
    for (const { customers } of batch) for (const list of customers) this.heldCharacters -= list.length;
  }
}

/** What one request does with customers' data. Whoever reads rows of customers tells it here. */
export class Trail {
  private read: OpenEntry | undefined;
  private document: DocumentNode | undefined;
  private operation: OperationDefinitionNode | undefined;

  constructor(
    private readonly log: AuditLog,
    readonly keyId: string,
    readonly requestId: string,
    readonly purpose: string | null,
  ) {}

  /** Whether reads are to be told. */
  get reads(): boolean {
    return this.log.reads;
  }

  /** Which operation it is. */
  runs(document: DocumentNode, operation: OperationDefinitionNode): void {
    this.document = document;
    this.operation = operation;
  }

  get operationName(): string | null {
    return this.operation?.name?.value.slice(0, maxNameLength) ?? null;
  }

  get documentHash(): string | null {
    return this.document ? documentHash(this.document) : null;
  }

  /** A row of this customer was read. */
  touched(customerId: Id<"customer">): void {
    this.read ??= this.log.open(this, "READ");
    this.log.tell(this.read, uuidOf(customerId));
  }

  /** Rows of these customers were read: bare ids, one after the other. */
  touchedAll(list: string): void {
    if (list === "") return;
    this.read ??= this.log.open(this, "READ");
    this.log.tell(this.read, list);
  }

  /** Events are followed from now on: of one customer, or of whoever they are about. */
  subscribed(customerIds: readonly Id<"customer">[]): void {
    const entry = this.log.open(this, "SUBSCRIBE");
    for (const id of customerIds) this.log.tell(entry, uuidOf(id));
  }

  /** Writes down a change in its own transaction: there is no change without its entry. */
  async changed(tx: Tx, customerIds: Iterable<Id<"customer">>): Promise<void> {
    const customers = [...customerIds].map(uuidOf);
    if (customers.length === 0) return;
    await insertEntry(tx, {
      id: newId("auditEntry"),
      at: Date.now(),
      action: "CHANGE",
      trail: this,
      customers,
    });
  }

  /** For the log: what is read from now on needs another entry. */
  closeRead(): void {
    this.read = undefined;
  }
}
