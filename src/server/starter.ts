/** What GraphiQL shows first: a query and a subscription that run as they stand. */
export const starter = `# Three customers, whole: who they are, what they
# bought, what they earned, what happened.
query ThreeCustomers {
  customers(
    first: 3
    where: { stage: { eq: CUSTOMER } }
    sort: [{ field: CREATED_AT }]
  ) {
    totalCount
    nodes {
      id
      displayName
      stage
      identities { kind value source { code } }
      loyalty {
        tier { name }
        points { active pending }
      }
      purchases(first: 2) {
        nodes {
          orderNumber
          placedAt
          total { amount currency }
        }
      }
      openTicketCount
      timeline(first: 5) {
        nodes { __typename occurredAt }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}

# Contacts as they happen. Give the last cursor as
# "after", and nothing is missed.
subscription LiveInteractions {
  interactionRecorded {
    cursor
    interaction {
      id
      channel { code }
      direction
      occurredAt
      summary
      customer { id displayName }
    }
  }
}
`;
