/** Self time in microseconds by function and by package, of a profile's samples between two moments of its clock. */
export function selfTimes({ nodes, samples, timeDeltas, startTime }, from = 0, to = Infinity) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map();
  const packages = new Map();
  let at = startTime;
  samples.forEach((sample, i) => {
    at += timeDeltas[i];
    if (at < from || at > to) return;
    const { functionName, url, lineNumber } = frames.get(sample);
    const home = packageOf(url, functionName);
    add(packages, home, timeDeltas[i]);
    const where = url ? ` ${url.split("/").slice(-2).join("/")}:${lineNumber + 1}` : "";
    add(functions, `${functionName || "(anonymous)"} [${home}]${where}`, timeDeltas[i]);
  });
  return { functions, packages };
}

/** What takes most, in microseconds per one of `count`. */
export function tablesOf({ functions, packages }, { per, count, top, decimals = 1 }) {
  const lines = [];
  for (const [title, map] of Object.entries({ packages, functions })) {
    lines.push("", `self time, µs per ${per}, by ${title}`);
    const sorted = [...map].filter(([name]) => !name.startsWith("(idle)")).sort((a, b) => b[1] - a[1]);
    for (const [name, microseconds] of sorted.slice(0, top))
      lines.push(`${(microseconds / count).toFixed(decimals).padStart(9)}  ${name}`);
  }
  return lines.join("\n");
}

function packageOf(url, functionName) {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (name) return name;
  if (url.startsWith("node:")) return "node";
  if (url.includes("/dist/"))
    return `own: ${url
      .split("/dist/")[1]
      .replace(/^src\//, "")
      .split("/")
      .slice(0, 2)
      .join("/")}`;
  return functionName.startsWith("(") ? functionName : url || "native";
}

function add(map, key, microseconds) {
  map.set(key, (map.get(key) ?? 0) + microseconds);
}
