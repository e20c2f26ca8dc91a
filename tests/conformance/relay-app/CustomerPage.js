import { graphql } from "react-relay";

export const customerPageQuery = graphql`
  query CustomerPageQuery($id: ID!) {
    node(id: $id) {
      __typename
      ...CustomerCard_customer @alias(as: "card")
      ...CustomerPage_timeline @alias(as: "timeline")
      ...CustomerPage_tickets @alias(as: "tickets")
    }
  }
`;

/** Forwards through what happened, of every type. */
export const customerPageTimeline = graphql`
  fragment CustomerPage_timeline on Customer
  @refetchable(queryName: "CustomerPageTimelineQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" }) {
    timeline(first: $count, after: $cursor) @connection(key: "CustomerPage_timeline") {
      edges {
        node {
          __typename
          id
          occurredAt
          ... on Interaction {
            summary
          }
        }
      }
    }
  }
`;

/** Backwards through tickets. */
export const customerPageTickets = graphql`
  fragment CustomerPage_tickets on Customer
  @refetchable(queryName: "CustomerPageTicketsQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" }) {
    tickets(last: $count, before: $cursor) @connection(key: "CustomerPage_tickets") {
      edges {
        node {
          number
          status
        }
      }
    }
  }
`;
