import { graphql } from "react-relay";

export const customerListQuery = graphql`
  query CustomerListQuery($count: Int!, $stage: CustomerStage) {
    ...CustomerList_page @arguments(count: $count, stage: $stage)
  }
`;

export const customerListPage = graphql`
  fragment CustomerList_page on Query
  @refetchable(queryName: "CustomerListPageQuery")
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    cursor: { type: "String" }
    stage: { type: "CustomerStage" }
  ) {
    customers(first: $count, after: $cursor, where: { stage: { eq: $stage } }, sort: [{ field: DISPLAY_NAME }])
      @connection(key: "CustomerList_customers") {
      totalCount
      edges {
        node {
          id
          ...CustomerCard_customer
        }
      }
    }
  }
`;
