/** Thrown where only graphql-js can tell what to answer. Never seen by clients. */
export class LeftToGraphql extends Error {}
