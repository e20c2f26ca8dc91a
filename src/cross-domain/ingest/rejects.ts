import { createReadStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { RowRefusal } from "./items.js";

/** One line of a rejects file. */
interface Reject {
  file: string;
  line: number;
  /** Where the item begins, when that is another line. */
  itemLine?: number;
  code: string;
  field: string | null;
  message: string;
  row?: string;
}

/** Collects what an import of one file does not take. The file exists only where there is something in it. */
export class RejectsFile {
  constructor(
    readonly path: string,
    private readonly file: string,
    private readonly withRows: boolean,
  ) {}

  /**
   * Leaves of this file's rejects those of items up to `linesDone`: the others will be found again. Rejects of other files
   * stay, what a killed import left half-written goes.
   */
  async keepThrough(linesDone: number): Promise<void> {
    const next = `${this.path}.part`;
    const handle = await open(next, "w", 0o600);
    let kept = 0;
    try {
      for await (const line of existingLines(this.path)) {
        const reject = parsed(line);
        if (!reject || (reject.file === this.file && (reject.itemLine ?? reject.line) > linesDone)) continue;
        await handle.write(`${line}\n`);
        kept++;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (kept) await rename(next, this.path);
    else await Promise.all([rm(next), rm(this.path, { force: true })]);
  }

  /** Appends in one write, on the disk before the progress that counts these lines as done is stored. */
  async append(refusals: readonly RowRefusal[]): Promise<void> {
    if (refusals.length === 0) return;
    const handle = await open(this.path, "a", 0o600);
    try {
      await handle.writeFile(refusals.map((refusal) => `${JSON.stringify(this.reject(refusal))}\n`).join(""));
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  private reject({ line, itemLine, code, field, message, text }: RowRefusal): Reject {
    return {
      file: this.file,
      line,
      ...(itemLine !== line && { itemLine }),
      code,
      field,
      message,
      ...(this.withRows && { row: text }),
    };
  }
}

async function* existingLines(path: string): AsyncGenerator<string> {
  const input = createReadStream(path);
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  } finally {
    input.destroy();
  }
}

function parsed(line: string): Reject | null {
  try {
    return JSON.parse(line) as Reject;
  } catch {
    return null;
  }
}
