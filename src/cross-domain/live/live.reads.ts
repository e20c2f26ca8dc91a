import { sql } from "drizzle-orm";
import { customers } from "#schema/customers.js";
import { base64urlOf } from "../../platform/reads/json-text.js";
import type { Reads } from "../../platform/reads/reads.js";
import type { Feed } from "./feed.js";

/** `liveCursor` as `encodeCustomerCursor` makes it: the customer's row and their cursor come from one snapshot. */
export const liveReads: Reads = {
  Customer: {
    liveCursor: {
      kind: "text",
      pieces: [
        '"',
        base64urlOf([
          "c1:",
          sql`${sql.placeholder("liveEpoch")}::text`,
          ":",
          sql`${customers.id}`,
          ":",
          sql`${customers.seq}`,
          ";",
        ]),
        '"',
      ],
      values: ({ feed }: { feed: Feed }) => ({ liveEpoch: feed.log.epoch }),
    },
  },
};
