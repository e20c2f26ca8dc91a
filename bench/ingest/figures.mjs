export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return round(sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
}

/** Ours to theirs, per round: noise of the machine hits both shots of a round. */
export function ratio(ours, theirs, read) {
  const ratios = ours.map((figures, i) => read(figures) / read(theirs[i]));
  return { median: median(ratios), min: round(Math.min(...ratios)), max: round(Math.max(...ratios)) };
}

function round(value) {
  return Math.round(value * 100) / 100;
}
