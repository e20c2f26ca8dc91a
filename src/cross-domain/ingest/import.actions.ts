import path from "node:path";
import type { ImportRunRow } from "#schema/ingest.js";
import { checkBatch, type WriteServices } from "../../domains/customers/recording.rules.js";
import { importBatchItems, maxImportBatchItems } from "../../platform/limits.js";
import { FileImport, type FileReport, type ImportProgress } from "./file-import.js";
import { ImportError } from "./import-error.js";
import { openImportRun } from "./import-run.queries.js";
import { digestOf, type Mapping, readMapping } from "./mapping.js";
import { examineFile, type SourceFile } from "./source-file.js";

export interface ImportOptions {
  /** Path of the mapping file. */
  mapping: string;
  source: string;
  files: readonly string[];
  format?: "csv" | "jsonl" | undefined;
  /** One rejects file for all; else each file has its own in `rejectsFolder` (default: the current one). */
  rejects?: string | undefined;
  rejectsFolder?: string | undefined;
  rejectsWithRows?: boolean | undefined;
  /** Items in one transaction, 2,000 by default, at most 5,000. */
  batchSize?: number | undefined;
  /** Checks everything and writes nothing but the rejects file. */
  dryRun?: boolean | undefined;
  /** Goes through files again that are imported already, or half. */
  restart?: boolean | undefined;
  /** Ends the import after the batch under way. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: ImportProgress) => void) | undefined;
}

export interface ImportReport {
  files: FileReport[];
}

/**
 * Imports files through the actions of the mutations, in the order given. All files are checked before the first row is
 * taken. Repeatable: what is recorded already is a duplicate. Resumable: progress is stored after each batch. Throws
 * ImportError, or ApiError for a bad source; faults of the database as they are.
 */
export async function importFiles(services: WriteServices, options: ImportOptions): Promise<ImportReport> {
  const { batchSize = importBatchItems, source } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > maxImportBatchItems)
    throw new ImportError("INVALID_OPTION", `The batch size must be from 1 to ${maxImportBatchItems}.`);
  checkBatch(source, []);
  const mapping = await readMapping(options.mapping);
  const files: SourceFile[] = [];
  for (const file of options.files) files.push(await examineFile(file, mapping, options.format));
  const reports: FileReport[] = [];
  for (const file of files) {
    const run = options.dryRun ? null : await openRun(services, options, mapping, file);
    const report = await importFile(services, { ...options, batchSize }, mapping, file, run);
    reports.push(report);
    if (report.outcome === "STOPPED") break;
  }
  return { files: reports };
}

function openRun({ database }: WriteServices, options: ImportOptions, mapping: Mapping, file: SourceFile) {
  const key = { source: options.source, mappingDigest: digestOf(mapping), fileDigest: file.digest };
  return openImportRun(database, key, path.basename(file.name), options.restart ?? false);
}

async function importFile(
  services: WriteServices,
  options: ImportOptions & { batchSize: number },
  mapping: Mapping,
  file: SourceFile,
  run: ImportRunRow | null,
): Promise<FileReport> {
  const startedAt = performance.now();
  const importer = new FileImport(
    { ...services, maxBatchItems: options.batchSize },
    options,
    mapping,
    file,
    run,
  );
  if (run?.finishedAt) importer.report.outcome = "ALREADY_IMPORTED";
  else await importer.run();
  importer.report.elapsedMs = performance.now() - startedAt;
  return importer.report;
}
