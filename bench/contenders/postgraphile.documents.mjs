/** The same two questions in PostGraphile's own words, and its answers in ours, for the check that they agree. */
const latest = (time) => `orderBy: [${time}_DESC, ROW_ID_DESC]`;

export const customer360 = `query Customer360($id: UUID!) {
  customer(rowId: $id) {
    rowId displayName givenName familyName email phone locale timeZone stage createdAt
    identitiesList(orderBy: NATURAL) { kind value verified source firstSeenAt lastSeenAt }
    interactions(first: 20, ${latest("OCCURRED_AT")}) {
      nodes { rowId channel direction initiative kind occurredAt summary }
      pageInfo { hasNextPage endCursor }
    }
    purchasesList(first: 10, ${latest("PLACED_AT")}) {
      rowId orderNumber placedAt status total currency
      items: purchaseItemsByCustomerIdAndPurchaseIdList(orderBy: POSITION_ASC) { sku name quantity unitPrice }
    }
    loyaltyAccount { tier active pending }
    ledgerList(first: 5, ${latest("OCCURRED_AT")}) { rowId kind points reason occurredAt }
    askingTicketsList(first: 10) { rowId number subject status priority openedAt }
  }
}`;

export const customerList = `query CustomerList($after: Cursor) {
  customers(first: 50, after: $after, orderBy: PRIMARY_KEY_DESC) {
    nodes {
      rowId displayName stage
      interactionsList(first: 3, ${latest("OCCURRED_AT")}) { rowId channel occurredAt summary }
      purchasesList(first: 2, ${latest("PLACED_AT")}) { rowId placedAt total currency }
      loyaltyAccount { tier }
      openTicketCount
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

/** Asks for one customer's place in the list, in the list's order. */
export const cursorOf = `query Cursor($id: UUID!) {
  customers(first: 1, condition: { rowId: $id }, orderBy: PRIMARY_KEY_DESC) { edges { cursor } }
}`;

const id = (prefix, { rowId }) => `${prefix}_${rowId}`;
/** Cursors are each server's own, so they are left out. */
const pageInfo = ({ hasNextPage }) => ({ hasNextPage });
/** "2024-02-26T06:14:24.5+00:00" to "2024-02-26T06:14:24.5Z". */
const instant = (text) =>
  text
    .replace(/(\.\d*?)0*\+00:00$/, (_, fraction) => `${fraction.length > 1 ? fraction : ""}Z`)
    .replace("+00:00", "Z");
const byKindThenTime = (a, b) =>
  identityKinds.indexOf(a.kind) - identityKinds.indexOf(b.kind) || (a.firstSeenAt < b.firstSeenAt ? -1 : 1);
const identityKinds = ["EMAIL", "PHONE", "LOYALTY_CARD", "DEVICE", "SOCIAL_HANDLE", "EXTERNAL_ID"];

export function customer360InOurWords({ data: { customer: c } }) {
  const { displayName, givenName, familyName, email, phone, locale, timeZone, stage } = c;
  return {
    customer: {
      ...{ id: id("cus", c), displayName, givenName, familyName, email, phone, locale, timeZone, stage },
      createdAt: instant(c.createdAt),
      identities: c.identitiesList
        .map((i) => ({
          ...i,
          source: { code: i.source },
          firstSeenAt: instant(i.firstSeenAt),
          lastSeenAt: instant(i.lastSeenAt),
        }))
        .sort(byKindThenTime),
      interactions: {
        nodes: c.interactions.nodes.map(({ rowId, ...i }) => ({
          ...i,
          id: id("int", { rowId }),
          channel: { code: i.channel },
          occurredAt: instant(i.occurredAt),
        })),
        pageInfo: pageInfo(c.interactions.pageInfo),
      },
      purchases: {
        nodes: c.purchasesList.map(({ rowId, total, currency, ...p }) => ({
          ...p,
          id: id("pur", { rowId }),
          placedAt: instant(p.placedAt),
          total: { amount: total, currency },
          items: p.items.map((item) => ({ ...item, unitPrice: { amount: item.unitPrice, currency } })),
        })),
      },
      loyalty: c.loyaltyAccount && {
        tier: { code: c.loyaltyAccount.tier },
        points: { active: Number(c.loyaltyAccount.active), pending: Number(c.loyaltyAccount.pending) },
        ledger: {
          nodes: c.ledgerList.map(({ rowId, ...e }) => ({
            ...e,
            id: id("lge", { rowId }),
            points: Number(e.points),
            occurredAt: instant(e.occurredAt),
          })),
        },
      },
      tickets: {
        nodes: c.askingTicketsList.map(({ rowId, ...t }) => ({
          ...t,
          id: id("tkt", { rowId }),
          openedAt: instant(t.openedAt),
        })),
      },
    },
  };
}

export function customerListInOurWords({ data: { customers } }) {
  return {
    customers: {
      nodes: customers.nodes.map((c) => ({
        id: id("cus", c),
        displayName: c.displayName,
        stage: c.stage,
        interactions: {
          nodes: c.interactionsList.map(({ rowId, channel, occurredAt, summary }) => ({
            ...{
              id: id("int", { rowId }),
              channel: { code: channel },
              occurredAt: instant(occurredAt),
              summary,
            },
          })),
        },
        purchases: {
          nodes: c.purchasesList.map(({ rowId, placedAt, total, currency }) => ({
            ...{ id: id("pur", { rowId }), placedAt: instant(placedAt), total: { amount: total, currency } },
          })),
        },
        loyalty: c.loyaltyAccount && { tier: { code: c.loyaltyAccount.tier } },
        openTicketCount: c.openTicketCount,
      })),
      pageInfo: pageInfo(customers.pageInfo),
    },
  };
}
