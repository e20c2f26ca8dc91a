import assert from "node:assert/strict";
import { ask } from "../contenders/server.mjs";

/**
 * Asks every contender the same and throws at the first answer that says something else than the first contender's.
 * Those that take our documents must give our answer exactly, cursors included.
 */
export async function checkAgreement(runners, document, places, headers) {
  for (const place of places) {
    let expected;
    for (const { contender, server, body } of runners) {
      const answer = await ask(server, headers, body(document, place));
      const said = contender.inOurWords(document, answer);
      expected ??= said;
      const ours = contender.name === "postgraphile" ? withoutCursors(expected) : expected;
      try {
        assert.deepEqual(said, ours);
      } catch (error) {
        const message = `${contender.name} and ${runners[0].contender.name} disagree about ${document} of ${place}:\n${error.message}`;
        throw new Error(message, { cause: error });
      }
    }
  }
}

function withoutCursors(data) {
  return JSON.parse(JSON.stringify(data, (key, value) => (key === "endCursor" ? undefined : value)));
}
