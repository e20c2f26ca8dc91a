import type { CompiledMapping } from "./compile.js";
import { GroupedItems } from "./grouped-items.js";
import { type ItemMaker, type ItemSink, rowRefusal } from "./items.js";
import type { Row } from "./rows.js";

/** Makes items of rows; those that begin on a line up to `linesDone` are known to be done and left out. */
export function itemMaker(compiled: CompiledMapping, linesDone: number, sink: ItemSink): ItemMaker {
  return compiled.group
    ? new GroupedItems(compiled, compiled.group, linesDone, sink)
    : new SingleItems(compiled, linesDone, sink);
}

class SingleItems implements ItemMaker {
  private lastLine = 0;

  constructor(
    private readonly compiled: CompiledMapping,
    private readonly linesDone: number,
    private readonly sink: ItemSink,
  ) {}

  add(row: Row): void {
    this.lastLine = row.lastLine;
    if (row.line <= this.linesDone) return;
    try {
      if (row.refusal) throw row.refusal;
      const item = this.compiled.item(row.values);
      this.sink.item({ item, line: row.line, elementLines: null, text: row.text });
    } catch (error) {
      this.sink.refused([rowRefusal(row, row.line, error)]);
    }
  }

  end(): void {}

  doneThrough(): number {
    return this.lastLine;
  }
}
