import { customers } from "#schema/customers.js";
import { needs, type Reads } from "../../platform/reads/reads.js";

export const timelineReads: Reads = { Customer: { timeline: needs(customers.id) } };
