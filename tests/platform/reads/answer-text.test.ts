import { expect, test } from "@jest/globals";
import { encoded } from "../../../src/platform/byte-text.js";
import { AnswerText } from "../../../src/platform/reads/answer-text.js";

test("an answer that is taken is held by nothing that outlives its request", () => {
  // given
  const json = encoded('{"data":{"name":"زهرا"}}');
  const answer = new AnswerText(json);

  // when
  const taken = answer.take();

  // then
  expect(taken).toBe(json);
  expect(answer.take()).toBe("");
});
