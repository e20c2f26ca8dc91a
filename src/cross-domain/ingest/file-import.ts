import path from "node:path";
import type { ImportRunRow } from "#schema/ingest.js";
import type { WriteServices } from "../../domains/customers/recording.rules.js";
import type { ImportOptions } from "./import.actions.js";
import { finishImportRun, saveProgress } from "./import-run.queries.js";
import { itemMaker } from "./item-maker.js";
import type { ItemSink, PendingItem, RowRefusal } from "./items.js";
import type { Mapping } from "./mapping.js";
import { RejectsFile } from "./rejects.js";
import type { Row } from "./rows.js";
import type { SourceFile } from "./source-file.js";
import { BatchTurn } from "./turns.js";
import { recordItems, refusalOf, withoutWriting } from "./writer.js";

export interface FileReport {
  file: string;
  /** Rows read now; those that an earlier import had done are not counted. */
  rows: number;
  recorded: number;
  duplicates: number;
  /** Items, or rows that belong to none, that were not taken. */
  rejected: number;
  /** Lines done, those of earlier imports included. */
  linesDone: number;
  /** Where the import went on; 0 for a fresh one. */
  resumedAfterLine: number;
  outcome: "IMPORTED" | "ALREADY_IMPORTED" | "CHECKED" | "STOPPED";
  /** Where the rejects are, when there are any. */
  rejectsFile: string | null;
  elapsedMs: number;
}

/** Sent after each batch. Bytes are those of the file as it is on the disk. */
export interface ImportProgress extends FileReport {
  bytesRead: number;
  bytes: number;
}

/** Rows in one batch: bounds a transaction of items with long lists. */
const maxBatchRows = 10_000;
/** The size of one batch's rows: what a mutation's body may have. */
const maxBatchLength = 8 * 1024 * 1024;

interface Batch {
  items: PendingItem[];
  refusals: RowRefusal[];
  /** Items, or rows that belong to none, that the mapping refused. */
  refused: number;
  rows: number;
  length: number;
  doneThrough: number;
}

/** One file on its way: the next batch is read while others are being written, in order. */
export class FileImport {
  readonly report: FileReport;
  private batch = emptyBatch();
  /** The latest batch under way: its turn, and its progress, which is stored when that of all before it is. */
  private turn: BatchTurn | null = null;
  private writing: Promise<void> = Promise.resolve();
  private writingBefore: Promise<void> = Promise.resolve();
  private bytesRead = 0;
  private readonly startedAt = performance.now();
  private readonly rejects: RejectsFile;
  private readonly target: WriteServices;
  private readonly linesDone: number;

  constructor(
    services: WriteServices,
    private readonly options: ImportOptions & { batchSize: number },
    private readonly mapping: Mapping,
    private readonly file: SourceFile,
    private readonly importRun: ImportRunRow | null,
  ) {
    this.target = importRun ? services : withoutWriting(services);
    this.linesDone = importRun?.linesDone ?? 0;
    this.rejects = new RejectsFile(
      options.rejects ?? path.join(options.rejectsFolder ?? ".", `${path.basename(file.name)}.rejects.jsonl`),
      file.name,
      options.rejectsWithRows ?? false,
    );
    this.report = {
      file: file.name,
      rows: 0,
      recorded: 0,
      duplicates: 0,
      rejected: 0,
      linesDone: this.linesDone,
      resumedAfterLine: this.linesDone,
      outcome: "STOPPED",
      rejectsFile: null,
      elapsedMs: 0,
    };
  }

  async run(): Promise<void> {
    await this.rejects.keepThrough(this.linesDone);
    const sink: ItemSink = {
      item: (item) => this.batch.items.push(item),
      refused: (reasons) => {
        this.batch.refused++;
        this.batch.refusals.push(...reasons);
      },
    };
    const maker = itemMaker(this.file.compiled, this.linesDone, sink);
    try {
      for await (const rows of this.file.openRows((bytes) => {
        this.bytesRead = bytes;
      })) {
        for (const row of rows) {
          maker.add(row);
          this.count(row);
          if (this.isFull()) await this.send(maker.doneThrough());
          if (this.options.signal?.aborted) return await this.writing;
        }
      }
    } catch (error) {
      // What is under way is finished first: its progress counts.
      await this.writing;
      throw error;
    }
    maker.end();
    await this.send(maker.doneThrough());
    await this.writing;
    await this.finish();
  }

  private count({ line, text }: Row): void {
    if (line <= this.linesDone) return;
    this.report.rows++;
    this.batch.rows++;
    this.batch.length += text.length;
  }

  private isFull(): boolean {
    const { items, rows, length } = this.batch;
    return items.length >= this.options.batchSize || rows >= maxBatchRows || length >= maxBatchLength;
  }

  /** Lets this batch be written while the next is read; waits when two are under way. */
  private async send(doneThrough: number): Promise<void> {
    const { batch, writing } = this;
    batch.doneThrough = doneThrough;
    this.batch = emptyBatch();
    await this.writingBefore;
    this.writingBefore = writing;
    this.turn = new BatchTurn(this.turn, {
      inParts: batch.items.length > this.options.batchSize,
      isUndone: this.importRun === null,
    });
    const recording = this.turn.take(this.target, (target) => this.record(batch, target));
    this.writing = this.note(batch, recording, writing);
    // Its failure is met where `writing` is awaited next.
    this.writing.catch(() => {});
  }

  private async note(batch: Batch, recording: Promise<void>, before: Promise<void>): Promise<void> {
    const [earlier, own] = await Promise.allSettled([before, recording]);
    // When the batch before has failed, its error is the one to tell.
    for (const ended of [earlier, own]) if (ended.status === "rejected") throw ended.reason;
    const { refusals, refused, doneThrough } = batch;
    this.report.rejected += refused;
    await this.rejects.append(refusals.sort((a, b) => a.line - b.line));
    if (refusals.length) this.report.rejectsFile = this.rejects.path;
    await this.noteProgress(doneThrough);
  }

  private async record({ items, refusals }: Batch, target: WriteServices): Promise<void> {
    const { report } = this;
    for (let at = 0; at < items.length; at += this.options.batchSize) {
      const part = items.slice(at, at + this.options.batchSize);
      const results = await recordItems(target, this.mapping.record, this.options.source, part);
      for (const [index, result] of results.entries()) {
        if (result.error) refusals.push(refusalOf(part[index]!, result));
        if (result.error) report.rejected++;
        else if (result.outcome === "DUPLICATE") report.duplicates++;
        else report.recorded++;
      }
    }
  }

  private async noteProgress(doneThrough: number): Promise<void> {
    const { report, importRun, file, bytesRead } = this;
    if (doneThrough > report.linesDone) {
      report.linesDone = doneThrough;
      if (importRun) await saveProgress(this.target.database, importRun.id, doneThrough);
    }
    const elapsedMs = performance.now() - this.startedAt;
    this.options.onProgress?.({ ...report, elapsedMs, bytesRead, bytes: file.bytes });
  }

  private async finish(): Promise<void> {
    await this.file.checkUnchanged();
    if (this.importRun) await finishImportRun(this.target.database, this.importRun.id);
    this.report.outcome = this.importRun ? "IMPORTED" : "CHECKED";
  }
}

function emptyBatch(): Batch {
  return { items: [], refusals: [], refused: 0, rows: 0, length: 0, doneThrough: 0 };
}
