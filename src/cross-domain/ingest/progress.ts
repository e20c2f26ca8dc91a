import { Presets, SingleBar } from "cli-progress";
import type { FileReport, ImportProgress } from "./file-import.js";
import type { ImportReport } from "./import.actions.js";

/** Often enough to see that it goes on, seldom enough for a log. */
const lineEveryMs = 5_000;

export interface ProgressView {
  show(progress: ImportProgress): void;
  end(): void;
}

/** A bar on a terminal, a line now and then elsewhere. Measured in bytes: the number of rows is not known before. */
export function progressView(stream: NodeJS.WriteStream): ProgressView {
  return stream.isTTY ? barView(stream) : lineView(stream);
}

function barView(stream: NodeJS.WriteStream): ProgressView {
  const format = "{bar} {percentage}% | {file} | {rows} rows, {rate} rows/s | {rejected} rejected";
  let bar: SingleBar | null = null;
  let file: string | null = null;
  const end = () => {
    bar?.stop();
    bar = null;
  };
  return {
    show(progress) {
      const figures = {
        file: progress.file,
        rows: number(progress.rows),
        rate: rate(progress),
        rejected: number(progress.rejected),
      };
      if (file !== progress.file) {
        end();
        file = progress.file;
        bar = new SingleBar({ format, stream, hideCursor: true, linewrap: false }, Presets.shades_classic);
        bar.start(progress.bytes, progress.bytesRead, figures);
      } else bar?.update(progress.bytesRead, figures);
    },
    end,
  };
}

function lineView(stream: NodeJS.WriteStream): ProgressView {
  let file: string | null = null;
  let shownAt = 0;
  return {
    show(progress) {
      const now = performance.now();
      if (file === progress.file && now - shownAt < lineEveryMs) return;
      file = progress.file;
      shownAt = now;
      const percent = Math.floor((100 * progress.bytesRead) / progress.bytes);
      stream.write(
        `${progress.file}: ${percent}%, line ${number(progress.linesDone)}, ${rate(progress)} rows/s, ${number(progress.rejected)} rejected\n`,
      );
    },
    end() {},
  };
}

/** What an import did, for people. */
export function summaryOf({ files }: ImportReport, peakMemoryMb: number): string {
  const lines = files.flatMap((report) => [outcomes[report.outcome](report), ...rejectsOf(report)]);
  return [...lines, `Peak memory ${number(peakMemoryMb)} MB.`].join("\n");
}

const outcomes: Record<FileReport["outcome"], (report: FileReport) => string> = {
  ALREADY_IMPORTED: ({ file }) => `${file}: already imported; --restart goes through it again.`,
  IMPORTED: (report) => `${report.file}: ${resumed(report)}${counts(report, "recorded")}`,
  CHECKED: (report) => `${report.file}: ${counts(report, "would be recorded")} Nothing was written.`,
  STOPPED: (report) =>
    `${report.file}: stopped after line ${number(report.linesDone)}; the same command goes on there. ${counts(report, "recorded")}`,
};

function resumed({ resumedAfterLine }: FileReport): string {
  return resumedAfterLine ? `went on after line ${number(resumedAfterLine)}; ` : "";
}

function counts(report: FileReport, verb: string): string {
  const { rows, recorded, duplicates, rejected } = report;
  const seconds = (report.elapsedMs / 1000).toFixed(1);
  return `${number(rows)} rows read, ${number(recorded)} items ${verb}, ${number(duplicates)} duplicates, ${number(rejected)} rejected, ${seconds} s, ${rate(report)} rows/s.`;
}

function rejectsOf({ rejected, rejectsFile }: FileReport): string[] {
  return rejected && rejectsFile ? [`  What was rejected, and why: ${rejectsFile}`] : [];
}

function rate({ rows, elapsedMs }: FileReport): string {
  return number(elapsedMs > 0 ? (1000 * rows) / elapsedMs : 0);
}

function number(value: number): string {
  return Math.round(value).toLocaleString("en");
}
