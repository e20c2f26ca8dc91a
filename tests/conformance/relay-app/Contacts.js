import { graphql } from "react-relay";

export const contactsRecordMutation = graphql`
  mutation ContactsRecordMutation($input: RecordInteractionsInput!, $connections: [ID!]!) {
    recordInteractions(input: $input) {
      results {
        outcome
        error {
          code
          field
        }
        interaction @appendNode(connections: $connections, edgeTypeName: "InteractionEdge") {
          ...Contacts_interaction
        }
      }
    }
  }
`;

export const contactsLiveSubscription = graphql`
  subscription ContactsLiveSubscription($after: Cursor) {
    interactionRecorded(after: $after) {
      cursor
      interaction {
        ...Contacts_interaction
      }
    }
  }
`;

export const contactsInteraction = graphql`
  fragment Contacts_interaction on Interaction {
    summary
    occurredAt
    customer {
      ...CustomerCard_customer
    }
  }
`;
