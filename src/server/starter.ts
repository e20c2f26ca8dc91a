/** What GraphiQL shows first: a query and a subscription that run as they stand. */
export const starter = `# The newest customers, whole.
query NewestCustomers {
  customers(first: 5) {
    nodes {
      id
      displayName
      stage
      identities { kind value verified source { code } }
      interactions(first: 3) {
        nodes { occurredAt channel { code name } direction summary }
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
