import { ArgsType, Field, Int } from "type-graphql";
import { ApiError } from "../errors.js";
import { defaultPageSize, maxPageSize } from "../limits.js";
import { ObjectType } from "./object-type.js";

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: `How many from the start, 1 to ${maxPageSize}; ${defaultPageSize} when neither first nor last is given.`,
  })
  first?: number | null;

  @Field(() => String, { nullable: true, description: "Only what comes after this page cursor." })
  after?: string | null;

  @Field(() => Int, { nullable: true, description: `How many from the end, 1 to ${maxPageSize}.` })
  last?: number | null;

  @Field(() => String, { nullable: true, description: "Only what comes before this page cursor." })
  before?: string | null;
}

@ObjectType({ description: "Where a page stands among its neighbours." })
export class PageInfo {
  @Field(() => Boolean, { description: "True when more follows this page." })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: "True when something comes before this page." })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "Cursor of the first node; null on an empty page." })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Cursor of the last node: give it as `after` for the next page.",
  })
  endCursor!: string | null;
}

/** What a page asks for, checked: how many, in which direction, from where. */
export interface PageRequest {
  size: number;
  backward: boolean;
  cursor: string | null;
  /** True when the client bounded the other end too (`after` with `last`, `before` with `first`). */
  otherCursor: string | null;
}

/** Checks the arguments of a page; throws PAGE_TOO_LARGE or BAD_USER_INPUT in words that name the argument. */
export function pageRequest(args: PageArgs): PageRequest {
  if (args.first != null && args.last != null) {
    throw new ApiError("BAD_USER_INPUT", "Give first or last, not both.", { argument: "last" });
  }
  const backward = args.last != null;
  const size = args.first ?? args.last ?? defaultPageSize;
  const argument = backward ? "last" : "first";
  if (size < 1) throw new ApiError("BAD_USER_INPUT", `${argument} must be at least 1.`, { argument });
  if (size > maxPageSize) {
    throw new ApiError("PAGE_TOO_LARGE", `${argument} must be at most ${maxPageSize}.`, { argument });
  }
  const [cursor, otherCursor] = backward ? [args.before, args.after] : [args.after, args.before];
  return { size, backward, cursor: cursor ?? null, otherCursor: otherCursor ?? null };
}

/** A page of rows as the connection types of the schema show it; edges and counts are made only when asked for. */
export class Page<Row> {
  constructor(
    readonly nodes: readonly Row[],
    private readonly cursorOf: (row: Row) => string,
    private readonly hasMore: { next: boolean; previous: boolean },
    private readonly count: () => Promise<number>,
  ) {}

  /** Counts everything the page is a part of; read by GraphQL only where it is selected. */
  get totalCount(): Promise<number> {
    return this.count();
  }

  get edges() {
    return this.nodes.map((node) => ({ node, cursor: this.cursorOf(node) }));
  }

  get pageInfo(): PageInfo {
    const [first, last] = [this.nodes[0], this.nodes.at(-1)];
    return {
      hasNextPage: this.hasMore.next,
      hasPreviousPage: this.hasMore.previous,
      startCursor: first === undefined ? null : this.cursorOf(first),
      endCursor: last === undefined ? null : this.cursorOf(last),
    };
  }
}

/** The connection and edge types of one node type, in Relay's shape plus `nodes` and `totalCount`. */
export function connectionOf(nodeType: () => unknown, name: string) {
  @ObjectType(`${name}Edge`, { description: `One ${name} in its place on a page.` })
  class Edge {
    @Field(() => String, { description: "Page cursor of this node." })
    cursor!: string;

    @Field(() => nodeType() as never, { description: "The node itself." })
    node!: unknown;
  }

  @ObjectType(`${name}Connection`, { description: `A page of ${name} nodes.` })
  class Connection {
    @Field(() => [Edge], { description: "The nodes with their page cursors." })
    edges!: Edge[];

    @Field(() => [nodeType() as never], { description: "The nodes alone, in the same order." })
    nodes!: unknown[];

    @Field(() => PageInfo, { description: "Where the page stands." })
    pageInfo!: PageInfo;

    @Field(() => Int, { description: "How many there are on all pages together; costs a count of its own." })
    totalCount!: number;
  }
  return Connection;
}
