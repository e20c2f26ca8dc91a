import { graphql } from "react-relay";

export const customerCardCustomer = graphql`
  fragment CustomerCard_customer on Customer @refetchable(queryName: "CustomerCardRefetchQuery") {
    displayName
    stage
    identities {
      kind
      value
    }
    openTicketCount
  }
`;
