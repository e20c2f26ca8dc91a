import type { DemoKey } from "./demo-key.js";
import type { DemoLoad } from "./load.actions.js";

const about: Record<DemoLoad["outcome"], string> = {
  LOADED: "The demonstration data is loaded; new contacts arrive every two seconds.",
  ALREADY_LOADED: "The demonstration data was there already; new contacts arrive every two seconds.",
  FOREIGN: "This database holds other data: no demonstration data was loaded, and nothing arrives by itself.",
  STOPPED: "The demonstration data is not complete: the next start goes on.",
};

/** Where to go, with which key. A key that the caller chose is not repeated. */
export function welcome({ url, key, load }: { url: string; key: DemoKey; load: DemoLoad }): string {
  const given = key.file === null;
  const query = JSON.stringify({ query: "{ customers(first: 3) { nodes { displayName stage country } } }" });
  const header = given ? '"authorization: Bearer $ADMIN_API_KEY"' : `'authorization: Bearer ${key.key}'`;
  return `
${about[load.outcome]}

  GraphiQL   ${url}/graphiql   a query and a subscription, ready to run
  GraphQL    ${url}/graphql
  WebSocket  ${url.replace("http", "ws")}/graphql   (graphql-transport-ws)
  Health     ${url}/health/live and ${url}/health/ready
  Key        ${given ? "the one of ADMIN_API_KEY" : `${key.key}   (kept in ${key.file})`}

  curl ${url}/graphql -H ${header} -H 'content-type: application/json' -d '${query}'

Ctrl-C stops the server and its database.`;
}
