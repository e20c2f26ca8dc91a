import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { serverAudits } from "graphql-http";
import { startTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ explainReads: false });
});
afterAll(() => app.stop());

/** The address is known only after start, and a client of ours always sends its key. */
const audits = serverAudits({
  url: () => `${app.url}/graphql`,
  fetchFn: (url: string, init?: RequestInit) =>
    fetch(url, { ...init, headers: { ...(init?.headers as object), "x-api-key": app.key } }),
});

test("the whole suite of GraphQL over HTTP runs: 13 MUST, 23 SHOULD, 25 MAY", () => {
  const levels = audits.map(({ name }) => name.split(" ")[0]);
  const counts = Object.fromEntries(
    ["MUST", "SHOULD", "MAY"].map((level) => [level, levels.filter((each) => each === level).length]),
  );
  expect(counts).toEqual({ MUST: 13, SHOULD: 23, MAY: 25 });
});

test.each(audits.map((audit) => [`${audit.id}: ${audit.name}`, audit] as const))(
  "%s",
  async (_name, audit) => {
    const result = await audit.fn();
    expect(result.status === "ok" ? "ok" : result.reason).toBe("ok");
  },
);
