// What is subscribed to and what is sent: the same for ours and for the baseline.

/** Eleven values in about 490 bytes, the customer nested; the summary is last, so that the event's number stands at the end of every frame. */
export const subscription = `subscription LiveInteractions {
  interactionRecorded {
    cursor
    interaction {
      id channel { code } direction kind occurredAt
      customer { id displayName stage locale }
      summary
    }
  }
}`;

/** A few hundred: enough that the contacts of one batch are of different people. */
export const customers = 300;
export const source = "desk";
export const customerRef = (n) => `C${String(n).padStart(5, "0")}`;
export const contactRef = (number) => `contact-${number}`;

const digits = 7;
export const markBefore = "#";
/** What ends every frame of the subscription: the number of its event, and the closing of the message. */
export const markAfter = '"}}}}}';
export const markLength = digits;

/** Every event of a run has a number of its own, which is told in the contact's summary. */
export function summaryOf(number) {
  return `Where is my parcel? ${markBefore}${String(number).padStart(digits, "0")}`;
}

/** A contact as a source sends it. */
export function contact(number) {
  return {
    sourceRef: contactRef(number),
    customer: { sourceRef: customerRef(number % customers) },
    channel: "chat",
    direction: "INBOUND",
    initiative: "UNSOLICITED",
    kind: "message",
    occurredAt: "2026-11-21T09:30:00.123Z",
    summary: summaryOf(number),
  };
}

export function profile(n) {
  return {
    sourceRef: customerRef(n),
    displayName: `Customer ${customerRef(n)}`,
    locale: "de-DE",
    stage: "CUSTOMER",
  };
}
