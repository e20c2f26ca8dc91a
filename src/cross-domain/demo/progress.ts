import { Presets, SingleBar } from "cli-progress";

/** Elsewhere than on a terminal, a line for every so many percent. */
const linePercent = 10;

export interface LoadView {
  show(itemsDone: number, itemsTotal: number): void;
  end(): void;
}

/** A bar on a terminal, plain lines elsewhere. Nothing appears before the first `show`. */
export function loadView(stream: NodeJS.WriteStream): LoadView {
  return stream.isTTY ? barView(stream) : lineView(stream);
}

function barView(stream: NodeJS.WriteStream): LoadView {
  const format = "Loading demonstration data {bar} {percentage}% | {value} of {total} records | {duration} s";
  const bar = new SingleBar({ format, stream, hideCursor: true, linewrap: false }, Presets.shades_classic);
  return {
    show(done, total) {
      if (bar.isActive) bar.update(done);
      else bar.start(total, done);
    },
    end: () => bar.stop(),
  };
}

function lineView(stream: NodeJS.WriteStream): LoadView {
  let shownPercent = -linePercent;
  return {
    show(done, total) {
      const percent = Math.floor((100 * done) / total);
      if (percent < shownPercent + linePercent && done < total) return;
      shownPercent = percent;
      stream.write(`Loading demonstration data: ${percent}%, ${done.toLocaleString("en")} records\n`);
    },
    end() {},
  };
}
