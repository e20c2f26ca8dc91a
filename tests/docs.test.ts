import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "@jest/globals";

const pages = readdirSync("docs").filter((name) => name.endsWith(".md"));

/** `tests/file.test.ts` and, where it follows, "part of a test's name". */
function namedTests(text: string): { file: string; part: string | undefined }[] {
  return [...text.matchAll(/`(tests\/[^`\s]+\.test\.ts)`(?: "([^"]+)")?/g)].map(([, file, part]) => ({
    file: file as string,
    part,
  }));
}

describe.each(pages)("docs/%s", (page) => {
  test("names no test that is not there", () => {
    const missing = namedTests(readFileSync(`docs/${page}`, "utf8")).filter(
      ({ file, part }) => !existsSync(file) || (part && !readFileSync(file, "utf8").includes(part)),
    );
    expect(missing).toEqual([]);
  });
});

test("every link from one page of ours leads to a file", () => {
  const inside = ["docs", "examples", "tests"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
  );
  const linked = [...readdirSync("."), ...inside]
    .filter((file) => file.endsWith(".md"))
    .flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, to]) => [
        file,
        to as string,
      ]),
    );
  expect(linked.length).toBeGreaterThan(30);
  expect(linked.filter(([file = "", to = ""]) => !existsSync(path.join(path.dirname(file), to)))).toEqual([]);
});

test("each published guarantee of live updates names a test that holds it", () => {
  const rows = [...readFileSync("docs/live.md", "utf8").matchAll(/^\| ([a-f]) \| .*$/gm)];
  expect(rows.map(([, letter]) => letter)).toEqual(["a", "b", "c", "d", "e", "f"]);
  for (const [row] of rows) expect(namedTests(row).length).toBeGreaterThan(0);
});
