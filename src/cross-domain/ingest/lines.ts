import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { createGunzip } from "node:zlib";
import { ImportError } from "./import-error.js";

/** A line without its line feed; null when it is too long to be one. */
export type Line = string | null;

/** The longest row taken, in characters: an order of 10,000 items as JSON has half of that. */
export const maxRowLength = 2 * 1024 * 1024;
/** Between two chunks the database is served: a larger one would keep its answers waiting. */
const chunkBytes = 64 * 1024;
const gzipMagic = Buffer.from([0x1f, 0x8b]);
const utf16Marks = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];

/** The file's content, unpacked where it is gzip, chunk by chunk. `onRead` hears the bytes of the file itself. */
export async function* readContent(
  file: string,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer> {
  const zipped = await isGzip(file);
  const raw = createReadStream(file, { highWaterMark: chunkBytes });
  const content = zipped ? raw.pipe(createGunzip({ chunkSize: chunkBytes })) : raw;
  raw.on("error", (error) => content.destroy(error));
  try {
    for await (const chunk of content) {
      onRead(raw.bytesRead);
      yield chunk as Buffer;
    }
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (code.startsWith("Z_")) throw new ImportError("INVALID_GZIP", `${file} is damaged gzip.`, { cause });
    throw new ImportError("FILE_UNREADABLE", `${file} cannot be read (${code}).`, { cause });
  } finally {
    raw.destroy();
  }
}

/** Arrays of complete lines, as they come; the last line may end without a line feed. */
export async function* readLines(file: string, onRead?: (bytes: number) => void): AsyncGenerator<Line[]> {
  const splitter = new LineSplitter();
  for await (const chunk of readContent(file, onRead)) yield splitter.feed(chunk);
  yield splitter.end();
}

class LineSplitter {
  private readonly decoder = new StringDecoder("utf8");
  private rest = "";
  private started = false;
  private tooLong = false;

  feed(chunk: Buffer): Line[] {
    let text = this.rest + this.decoder.write(chunk);
    if (!this.started && text) {
      this.started = true;
      if (text.startsWith("\ufeff")) text = text.slice(1);
    }
    const lines: Line[] = text.split("\n");
    this.rest = lines.pop() ?? "";
    // A chunk is shorter than the longest row, so only a line begun in an earlier chunk can be too long.
    if (lines.length && (this.tooLong || lines[0]!.length > maxRowLength)) {
      lines[0] = null;
      this.tooLong = false;
    }
    if (this.rest.length > maxRowLength) {
      this.tooLong = true;
      this.rest = "";
    }
    return lines;
  }

  end(): Line[] {
    const last = this.rest + this.decoder.end();
    if (this.tooLong) return [null];
    return last ? [last] : [];
  }
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    const start = buffer.subarray(0, bytesRead);
    const zipped = start.equals(gzipMagic);
    if (!zipped && file.endsWith(".gz")) throw new ImportError("INVALID_GZIP", `${file} is no gzip file.`);
    if (utf16Marks.some((mark) => start.equals(mark)))
      throw new ImportError("INVALID_ENCODING", `${file} is UTF-16; save it as UTF-8.`);
    return zipped;
  } finally {
    await handle.close();
  }
}
