import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** The place to go on from, on disk. A kill leaves the old place or the new one, never half of one. */
export class CursorFile {
  constructor(private readonly file: string) {}

  read(): string | null {
    return existsSync(this.file) ? readFileSync(this.file, "utf8").trim() : null;
  }

  keep(cursor: string): void {
    writeFileSync(`${this.file}.new`, `${cursor}\n`);
    renameSync(`${this.file}.new`, this.file);
  }
}
