import { expect, test } from "@jest/globals";
import { startProgram } from "./support/program.js";

test.each(["src/main.ts", "src/demo.ts"])(
  "%s says what it is, and takes no settings as arguments",
  async (file) => {
    const help = startProgram(file, {}, ["--help"]);
    const refused = startProgram(file, {}, ["--port", "5000"]);

    expect(await help.ended).toBe(0);
    expect(help.output()).toContain("environment variables: PORT");
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toContain("unknown option '--port'");
  },
);
