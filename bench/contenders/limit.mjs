import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import postgres from "postgres";

// The hand-written limit: what anyone could write for exactly these two documents, and nothing more. One prepared
// statement per document returns the text of the answer; the server passes it on.

const poolSize = Number(process.env.BENCH_POOL ?? 4);
const sql = postgres({
  max: poolSize,
  idle_timeout: null,
  max_lifetime: null,
  connection: { TimeZone: "UTC" },
});
const text = (name) => readFileSync(path.join(import.meta.dirname, name), "utf8");
const statements = { Customer360: text("limit-360.sql"), CustomerList: text("limit-list.sql") };
const wanted = Buffer.from(`Bearer ${process.env.BENCH_KEY}`);

createServer((request, response) => {
  const given = Buffer.from(request.headers.authorization ?? "");
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return response.writeHead(401).end();
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", async () => {
    try {
      const { query, variables } = JSON.parse(parts.length === 1 ? parts[0] : Buffer.concat(parts));
      const name = /query (\w+)/.exec(query)?.[1];
      const [row] = await sql.unsafe(statements[name], [boundOf(name, variables)], { prepare: true });
      response.writeHead(200, {
        "content-type": "application/json; charset=utf-8",
        "content-length": Buffer.byteLength(row.answer),
      });
      response.end(row.answer);
    } catch (error) {
      response.writeHead(500).end(error.message);
    }
  });
}).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("ready"));

/** `cus_<uuid>`, or a cursor that says ["id-","cus_<uuid>"]. */
function boundOf(name, { id, after }) {
  return (name === "Customer360" ? id : JSON.parse(Buffer.from(after, "base64url"))[1]).slice(4);
}

// A profile is written at an end in good order.
process.once("SIGTERM", () => process.exit());
