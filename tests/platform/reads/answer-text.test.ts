import { expect, test } from "@jest/globals";
import { encoded } from "../../../src/platform/byte-text.js";
import { AnswerText } from "../../../src/platform/reads/answer-text.js";

test("an answer that is taken is held by nothing that outlives its request", () => {
  // given
  const answer = new AnswerText(encoded('{"data":{"name":"زهرا"}}'));
  const seen = answer.json;

  // when
  const taken = answer.take();

  // then
  expect(taken).toBe(seen);
  expect(answer.json).toBe("");
});
