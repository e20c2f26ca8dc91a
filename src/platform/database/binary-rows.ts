import { getTableColumns, type InferInsertModel, sql } from "drizzle-orm";
import type { PgColumn, PgTable } from "drizzle-orm/pg-core";
import type { Tx } from "./database.js";
import { sendNow } from "./rows.js";

/** The first bytes of every such file: a signature, no flags, no more header. */
const header = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const trailer = -1;
const nullLength = -1;
const firstRoomBytes = 65_536;
/** UTF-8 takes at most three bytes for each unit of a text. */
const bytesPerUnit = 3;
/** Where PostgreSQL's instants begin. */
const epochMs = Date.UTC(2000, 0, 1);
const smallintType = 21;

/**
 * Rows in the binary format of COPY, written column after column: https://www.postgresql.org/docs/current/sql-copy.html. The
 * server reads them in a third of the time that arrays in texts take.
 */
export class BinaryRows {
  private bytes = Buffer.allocUnsafe(firstRoomBytes);
  private length = header.copy(this.bytes);

  constructor(private readonly columns: number) {}

  /** Begins a row; as many values follow as there are columns. */
  row(): void {
    this.room(2);
    this.int16(this.columns);
  }

  text(value: string | null): void {
    this.room(4 + bytesPerUnit * (value?.length ?? 0));
    const length = value === null ? 0 : this.bytes.write(value, this.length + 4, "utf8");
    this.int32(value === null ? nullLength : length);
    this.length += length;
  }

  /** Of 32 hexadecimal digits, with hyphens or without. */
  uuid(value: string): void {
    this.room(4 + 16);
    this.int32(16);
    this.length += this.bytes.write(value.replaceAll("-", ""), this.length, 16, "hex");
  }

  /** A timestamp with time zone. */
  instant(ms: number): void {
    this.room(4 + 8);
    this.int32(8);
    this.length = this.bytes.writeBigInt64BE(BigInt(ms - epochMs) * 1_000n, this.length);
  }

  bytea(value: Uint8Array): void {
    this.room(4 + value.length);
    this.int32(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  /** smallint[] */
  smallints(values: readonly number[]): void {
    this.room(24 + 6 * values.length);
    this.int32(20 + 6 * values.length);
    this.int32(1); // dimensions
    this.int32(0); // no nulls
    this.int32(smallintType);
    this.int32(values.length);
    this.int32(1); // the first member's number
    for (let i = 0; i < values.length; i++) {
      this.int32(2);
      this.int16(values[i] as number);
    }
  }

  /** All that was written. Nothing can follow. */
  end(): Buffer {
    this.room(2);
    this.int16(trailer);
    return this.bytes.subarray(0, this.length);
  }

  private int32(value: number): void {
    this.length = this.bytes.writeInt32BE(value, this.length);
  }

  private int16(value: number): void {
    this.length = this.bytes.writeInt16BE(value, this.length);
  }

  private room(bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.length + bytes));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/**
 * Inserts the rows, of these columns, in one statement. A conflict fails it: COPY knows no ON CONFLICT. Until it settles nothing
 * else may be sent in the transaction.
 */
export async function copyRows<T extends PgTable>(
  tx: Tx,
  table: T,
  columns: readonly (keyof InferInsertModel<T> & string)[],
  rows: BinaryRows,
): Promise<void> {
  const all = getTableColumns(table) as Record<string, PgColumn>;
  const names = columns.map((column) => sql.identifier((all[column] as PgColumn).name));
  const text = sql`copy ${table} (${sql.join(names, sql`, `)}) from stdin (format binary)`;
  await sendNow(tx, text, { input: rows.end() });
}
