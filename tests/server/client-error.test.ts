import { expect, test } from "@jest/globals";
import { GraphQLError } from "graphql";
import { DatabaseBusy } from "../../src/platform/database/errors.js";
import { ApiError } from "../../src/platform/errors.js";
import { createLogger } from "../../src/platform/log.js";
import { clientError } from "../../src/server/operation.js";

const logger = createLogger("silent");

/** As graphql-js hands over what a resolver threw. */
function thrown(originalError: Error): GraphQLError {
  return new GraphQLError(originalError.message, { originalError, path: ["customers"] });
}

test("a database that is busy or away is told as UNAVAILABLE, so that clients try again", () => {
  const failed = new Error("Failed query: select … params: jane@example.com", {
    cause: new DatabaseBusy("busy"),
  });
  expect(clientError(logger, "r1", thrown(failed))).toEqual({
    message: "The service is not available just now. Try again: what is sent twice is recorded once.",
    path: ["customers"],
    extensions: { code: "UNAVAILABLE", requestId: "r1" },
  });
});

test("a statement that its time limit ended is told as UNAVAILABLE", () => {
  const ended = Object.assign(new Error("canceling statement due to statement timeout"), {
    code: "57014",
    severity: "ERROR",
  });
  expect(clientError(logger, "r1", thrown(new Error("Failed query", { cause: ended })))).toEqual({
    message: "This took too long and was given up. Ask for less at once.",
    path: ["customers"],
    extensions: { code: "UNAVAILABLE", requestId: "r1" },
  });
});

test("a fault shows nothing of itself", () => {
  expect(clientError(logger, "r2", thrown(new TypeError("secret of jane@example.com")))).toEqual({
    message: "Something went wrong on our side.",
    path: ["customers"],
    extensions: { code: "INTERNAL_SERVER_ERROR", requestId: "r2" },
  });
});

test("our own refusals pass with code and details, the HTTP status apart", () => {
  const refusal = new ApiError("BAD_ID", "No.", { argument: "id", http: { status: 400 } });
  expect(clientError(logger, "r3", refusal)).toEqual({
    message: "No.",
    extensions: { code: "BAD_ID", argument: "id", requestId: "r3" },
  });
});
