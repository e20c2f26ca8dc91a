import { createSourceEventStream, type ExecutionArgs, type ExecutionResult } from "graphql";
import { executePlanned } from "./executor/execute.js";

type Results = AsyncIterableIterator<ExecutionResult>;

/**
 * A subscription whose every event is executed with a context of its own: loaders that lived as long as the
 * subscription would serve the first value for ever.
 */
export async function subscribeFresh<C>(
  args: ExecutionArgs,
  freshContext: (last: C) => C,
): Promise<Results | ExecutionResult> {
  const source = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in source)) return source;
  const events = source[Symbol.asyncIterator]() as AsyncIterator<unknown>;
  const results: Results = {
    async next() {
      const event = await events.next();
      if (event.done) return { value: undefined, done: true };
      const contextValue = freshContext(args.contextValue as C);
      return { value: await executePlanned({ ...args, rootValue: event.value, contextValue }), done: false };
    },
    async return() {
      await events.return?.();
      return { value: undefined, done: true };
    },
    async throw(error) {
      await events.throw?.(error);
      throw error;
    },
    [Symbol.asyncIterator]: () => results,
  };
  return results;
}
