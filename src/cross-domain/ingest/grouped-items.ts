import type { Refusal } from "../../platform/errors.js";
import { maxListItems } from "../../platform/limits.js";
import type { CompiledMapping } from "./compile.js";
import { ownCopy } from "./convert.js";
import { type ItemMaker, type ItemSink, type RowRefusal, rowRefusal } from "./items.js";
import type { Row } from "./rows.js";

/** Keys of closed groups that late rows are recognised by: 20 MB at most. */
const rememberedGroups = 200_000;

interface Group {
  line: number;
  lastLine: number;
  rowNumber: number;
  item: unknown;
  elements: unknown[];
  lines: number[];
  refusals: RowRefusal[];
  text: string;
}

/**
 * Rows with one key become one item. A group stays open until as many rows as the window has went by without it; a row that
 * comes later is refused, because its item is written. An item with a broken row is refused whole.
 */
export class GroupedItems implements ItemMaker {
  /** In the order of their latest rows. */
  private readonly open = new Map<string, Group>();
  private readonly closed = new Set<string>();
  private current: { key: string; group: Group } | null = null;
  /** A row that names no group came before: it may belong to the next. */
  private suspicion: Row | null = null;
  private rowNumber = 0;
  private lastLine = 0;
  /** No open group's latest row is older. */
  private oldest = 0;

  constructor(
    private readonly compiled: CompiledMapping,
    private readonly rule: NonNullable<CompiledMapping["group"]>,
    private readonly linesDone: number,
    private readonly sink: ItemSink,
  ) {}

  add(row: Row): void {
    this.rowNumber++;
    this.lastLine = row.lastLine;
    if (this.rowNumber - this.oldest > this.rule.window) this.closeOld();
    const key = this.rule.key(row.values);
    if (key === "") this.addHomeless(row);
    else if (this.closed.has(key)) this.refuseRow(row, groupClosed);
    else this.addTo(this.groupOf(key, row), row);
  }

  private closeOld(): void {
    for (const [key, group] of this.open) {
      this.oldest = group.rowNumber;
      if (this.rowNumber - this.oldest <= this.rule.window) return;
      this.close(key, group);
    }
    this.oldest = this.rowNumber;
  }

  end(): void {
    for (const [key, group] of this.open) this.close(key, group);
  }

  doneThrough(): number {
    let first = this.lastLine + 1;
    for (const { line } of this.open.values()) if (line < first) first = line;
    return first - 1;
  }

  private groupOf(key: string, row: Row): Group {
    if (this.current?.key === key) return this.current.group;
    let group = this.open.get(key);
    // Moved to the end: the map is kept in the order of latest rows.
    if (group) this.open.delete(key);
    else group = this.newGroup(row);
    const ownKey = ownCopy(key);
    this.open.set(ownKey, group);
    this.current = { key: ownKey, group };
    return group;
  }

  private newGroup(row: Row): Group {
    const { line, lastLine, text } = row;
    const group: Group = {
      line,
      lastLine,
      rowNumber: this.rowNumber,
      item: null,
      elements: [],
      lines: [],
      refusals: [],
      text,
    };
    if (this.suspicion) doubt(group, this.suspicion);
    this.suspicion = null;
    attempt(group, row, () => {
      if (!row.refusal) group.item = this.compiled.item(row.values);
    });
    return group;
  }

  private addTo(group: Group, row: Row): void {
    group.rowNumber = this.rowNumber;
    group.lastLine = row.lastLine;
    if (group.line <= this.linesDone) return;
    if (group.lines.length === maxListItems) {
      if (group.refusals.length === 0) group.refusals.push(rowRefusal(row, group.line, groupTooLarge));
      return;
    }
    group.lines.push(row.line);
    attempt(group, row, () => {
      if (row.refusal) throw row.refusal;
      if (group.refusals.length === 0) group.elements.push(this.rule.element(row.values));
    });
  }

  /** A row whose key cannot be read may belong to any open group, or to the next: none of them is known to be whole. */
  private addHomeless(row: Row): void {
    for (const group of this.open.values()) doubt(group, row);
    this.suspicion = row;
    this.refuseRow(row, row.refusal ?? noKey);
  }

  private refuseRow(row: Row, refusal: Refusal): void {
    if (row.line > this.linesDone) this.sink.refused([rowRefusal(row, row.line, refusal)]);
  }

  private close(key: string, group: Group): void {
    this.open.delete(key);
    if (this.current?.key === key) this.current = null;
    if (this.closed.size === rememberedGroups) {
      const [longestAgo] = this.closed;
      this.closed.delete(longestAgo!);
    }
    this.closed.add(key);
    if (group.line <= this.linesDone) return;
    const { list } = this.rule;
    if (group.refusals.length) this.sink.refused(group.refusals);
    else
      this.sink.item({
        item: { ...(group.item as object), [list]: group.elements },
        line: group.line,
        elementLines: { list, lines: group.lines },
        text: group.text,
      });
  }
}

const groupClosed: Refusal = {
  code: "GROUP_CLOSED",
  field: null,
  message: "The item of this row is complete already: too many other rows lie between.",
};
const groupTooLarge: Refusal = {
  code: "GROUP_TOO_LARGE",
  field: null,
  message: `The item has more than ${maxListItems} rows.`,
};
const noKey: Refusal = {
  code: "GROUP_UNKNOWN",
  field: null,
  message: "The row does not say which item it belongs to.",
};

function doubt(group: Group, row: Row): void {
  if (group.refusals.length) return;
  const { line, text } = group;
  const message = `Line ${row.line} cannot be read and may belong to this item.`;
  group.refusals.push({ code: "ITEM_INCOMPLETE", field: null, message, line, itemLine: line, text });
}

function attempt(group: Group, row: Row, work: () => void): void {
  try {
    work();
  } catch (error) {
    group.refusals.push(rowRefusal(row, group.line, error));
  }
}
