import { createServer } from "node:http";
import { PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";

// PostGraphile at its best: amber preset, plain lists where no pageInfo is asked for, its relations named by smart tags
// (the tables tie facts to profiles, so it does not see the edges to the customer by itself), no authentication at all.

const poolSize = Number(process.env.BENCH_POOL ?? 10);
const ofCustomer = (field) =>
  `(customer_id) references customers (id)|@foreignFieldName ${field}|@fieldName customer`;
const service = makePgService({
  connectionString: `postgres:///${process.env.PGDATABASE}`,
  schemas: ["public"],
  poolConfig: { max: poolSize, idleTimeoutMillis: 0 },
});

const preset = {
  extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
  plugins: [
    jsonPgSmartTags({
      version: 1,
      config: {
        class: {
          interactions: { tags: { foreignKey: ofCustomer("interactions") } },
          purchases: { tags: { foreignKey: ofCustomer("purchases") } },
          identities: { tags: { foreignKey: ofCustomer("identities") } },
          loyalty_entries: { tags: { foreignKey: ofCustomer("ledger") } },
          tickets: { tags: { foreignKey: ofCustomer("tickets") } },
        },
      },
    }),
  ],
  schema: { defaultBehavior: "-mutation +list +connection", pgForbidSetofFunctionsToReturnNull: true },
  grafast: { explain: false },
  grafserv: { port: Number(process.env.PORT), graphqlPath: "/graphql", graphiql: false, watch: false },
  pgServices: [service],
};

const instance = postgraphile(preset);
const server = createServer();
await instance.createServ(grafserv).addTo(server);
if (process.env.BENCH_PRINT_SCHEMA) {
  const { printSchema } = await import("postgraphile/graphql");
  console.log(printSchema((await instance.getSchemaResult()).schema));
}
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("ready"));
