/** Items by key, each group in the order the items came. (`Map.groupBy` needs Node 21.) */
export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  let last: { key: K; group: T[] } | undefined;
  for (const item of items) {
    const key = keyOf(item);
    // Rows mostly come group by group: nothing is looked up then.
    if (last && last.key === key) {
      last.group.push(item);
      continue;
    }
    const group = groups.get(key) ?? [];
    if (group.length === 0) groups.set(key, group);
    group.push(item);
    last = { key, group };
  }
  return groups;
}
