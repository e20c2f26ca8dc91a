import type { Authenticate, Caller } from "./caller.js";

/**
 * The same, where thousands come at once with one key: whoever asks while it is looked up shares the next look with all who
 * wait by then. It begins after they asked, so a key that was revoked before is refused.
 */
export function askedTogether(authenticate: Authenticate): Authenticate {
  const running = new Map<string, Promise<unknown>>();
  const next = new Map<string, Promise<Caller | null>>();
  const look = (presented: string) => {
    const found = authenticate(presented);
    const forget = () => running.delete(presented);
    running.set(presented, found);
    found.then(forget, forget);
    return found;
  };
  return (presented) => {
    const before = presented ? running.get(presented) : undefined;
    if (!presented || !before) return presented ? look(presented) : authenticate(presented);
    const waiting = next.get(presented);
    if (waiting) return waiting;
    const begin = () => {
      next.delete(presented);
      return look(presented);
    };
    const found = before.then(begin, begin);
    next.set(presented, found);
    return found;
  };
}
