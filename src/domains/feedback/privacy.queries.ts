import { feedback } from "#schema/feedback.js";
import { deleted, type PersonalTable } from "../../platform/privacy/personal-table.js";

export const personalFeedback: readonly PersonalTable[] = [
  {
    table: feedback,
    customer: feedback.customerId,
    exported: "feedback",
    erased: deleted(feedback, feedback.customerId, "FEEDBACK"),
  },
];
