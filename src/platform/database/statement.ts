import type { Database } from "./database.js";

interface Preparable<R> {
  prepare(name: string): { execute(values: Record<string, unknown>): Promise<R> };
}

/**
 * A named statement that is built and prepared once per database. The name is for people: it is how a statement is
 * found in a profile. `build` writes it with `sql.placeholder`, so its text is the same for every batch size.
 */
export function statement<R>(name: string, build: (db: Database["read"]) => Preparable<R>) {
  const prepared = new WeakMap<Database["read"], ReturnType<Preparable<R>["prepare"]>>();
  return (db: Database["read"], values: Record<string, unknown>): Promise<R> => {
    let query = prepared.get(db);
    if (!query) {
      query = build(db).prepare(name);
      prepared.set(db, query);
    }
    return query.execute(values);
  };
}
