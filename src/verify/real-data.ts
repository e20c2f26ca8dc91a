import path from "node:path";
import { importFiles } from "../cross-domain/ingest/import.actions.js";
import type { ProgressView } from "../cross-domain/ingest/progress.js";
import type { FreshApp } from "./fresh-app.js";
import { MemoryWatch } from "./memory-watch.js";

export interface Check {
  name: string;
  expected: string;
  actual: string;
  ok: boolean;
}

export interface Loaded {
  file: string;
  rows: number;
  rejected: number;
  seconds: number;
  rowsPerSecond: number;
}

export interface RealData {
  /** Folder of the project, where the mappings are. */
  root: string;
  folder: string;
  // biome-ignore lint/suspicious/noExplicitAny: REFERENCE.json as it stands beside the data
  reference: any;
  view: ProgressView;
}

const shop = "online-retail";
const desk = "servicenow";

/** Loads both data sets and compares every figure with the reference. */
export async function checkRealData(
  app: FreshApp,
  data: RealData,
): Promise<{ checks: Check[]; loads: Loaded[] }> {
  const memory = new MemoryWatch();
  const load = loader(app, data, memory);
  const retail = await load(shop, "online_retail/online_retail.csv.gz", "online-retail.yaml");
  const incidents = await load(
    desk,
    "servicenow_incidents/incident_event_log.csv.gz",
    "servicenow-incidents.yaml",
  );
  const growth = memory.growthMiB();
  const checks = [
    ...(await purchaseChecks(app, data.reference.online_retail_ours)),
    ...(await ticketChecks(app, data.reference.servicenow)),
    same("incident events read", data.reference.servicenow.events, incidents.rows),
    // Five events carry the state "-100": refused, and said so in the rejects file.
    same("incident events rejected", 5, incidents.rejected),
    atMost("memory growth, second half over first, MiB", MemoryWatch.allowedGrowthMiB, growth),
  ];
  return { checks, loads: [retail, incidents] };
}

function loader({ services, scratch }: FreshApp, { root, folder, view }: RealData, memory: MemoryWatch) {
  return async (source: string, file: string, mapping: string): Promise<Loaded> => {
    memory.startFile();
    const { files } = await importFiles(services, {
      source,
      mapping: path.join(root, "examples/mappings", mapping),
      files: [path.join(folder, file)],
      rejectsFolder: scratch,
      restart: true,
      onProgress(progress) {
        memory.sample(progress.bytesRead / progress.bytes);
        view.show(progress);
      },
    });
    view.end();
    const [report] = files;
    if (!report) throw new Error(`${file} was not imported`);
    const seconds = report.elapsedMs / 1000;
    const { rows, rejected } = report;
    return { file: path.basename(file), rows, rejected, seconds, rowsPerSecond: Math.round(rows / seconds) };
  };
}

const PURCHASES = `query ($source: String!) {
  all: purchaseSummary(where: { source: { eq: $source } }) { purchaseCount returnCount itemCount money { currency net { amount } } }
  guests: purchaseSummary(where: { source: { eq: $source }, guest: { eq: true } }) { itemCount }
  identified: customers(where: { source: { eq: $source }, anonymous: { eq: false } }) { totalCount }
  topCustomers(currency: "GBP", first: 3, where: { source: { eq: $source } }) { net { amount } customer { profiles { sourceRef } } }
}`;

async function purchaseChecks(app: FreshApp, reference: RealData["reference"]): Promise<Check[]> {
  const { all, guests, identified, topCustomers } = await app.ask(PURCHASES, { source: shop });
  const top = Object.entries(reference.top_customers_net as Record<string, number>).toSorted(
    (a, b) => b[1] - a[1],
  );
  return [
    same("order and return lines", reference.rows, all.itemCount),
    same("invoices", reference.invoices, all.purchaseCount + all.returnCount),
    same("cancelled invoices", reference.cancelled_invoices, all.returnCount),
    same("lines without a customer", reference.rows_without_customer, guests.itemCount),
    same("identified customers", reference.customers, identified.totalCount),
    same("net revenue, GBP", money(reference.net_revenue), amountOf(all.money)),
    ...top.map(([customer, net], i) =>
      same(
        `top customer ${i + 1}`,
        `${customer} ${money(net)}`,
        `${topCustomers[i]?.customer.profiles[0]?.sourceRef} ${money(topCustomers[i]?.net.amount)}`,
      ),
    ),
  ];
}

const priorities = {
  "1 - Critical": "URGENT",
  "2 - High": "HIGH",
  "3 - Moderate": "NORMAL",
  "4 - Low": "LOW",
};

async function ticketChecks(app: FreshApp, reference: RealData["reference"]): Promise<Check[]> {
  const count = async (where: object) => {
    const { tickets } = await app.ask(
      "query ($where: TicketFilter) { tickets(first: 1, where: $where) { totalCount } }",
      {
        where: { source: { eq: desk }, ...where },
      },
    );
    return tickets.totalCount as number;
  };
  const { customers } = await app.ask(
    "query ($source: String!) { customers(first: 1, where: { source: { eq: $source }, anonymous: { eq: false } }) { totalCount } }",
    { source: desk },
  );
  const checks = [
    same("incidents", reference.incidents, await count({})),
    same("callers", reference.callers, customers.totalCount),
    same("reopened", reference.reopened, await count({ reopenCount: { gt: 0 } })),
    same("SLA met", reference.made_sla_true, await count({ slaMet: { eq: true } })),
    same("SLA missed", reference.made_sla_false, await count({ slaMet: { eq: false } })),
  ];
  for (const [label, priority] of Object.entries(priorities)) {
    checks.push(
      same(`priority ${label}`, reference.priority[label], await count({ priority: { eq: priority } })),
    );
  }
  return checks;
}

function same(name: string, expected: string | number, actual: string | number): Check {
  return {
    name,
    expected: String(expected),
    actual: String(actual),
    ok: String(expected) === String(actual),
  };
}

function atMost(name: string, bound: number, actual: number): Check {
  return { name, expected: `at most ${bound}`, actual: String(actual), ok: actual <= bound };
}

/** Two digits, as the reference gives its sums; unit prices of a tenth of a penny make ours longer. */
function money(amount: string | number): string {
  return Number(amount).toFixed(2);
}

function amountOf(totals: { currency: string; net: { amount: string } }[]): string {
  return totals.map(({ currency, net }) => (currency === "GBP" ? money(net.amount) : currency)).join(" ");
}
