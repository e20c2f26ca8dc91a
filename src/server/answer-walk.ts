import type { DocumentNode } from "graphql";
import {
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  type OperationDefinitionNode,
} from "graphql";
import { FieldCollector, fragmentsOf, type Selecting as Nodes } from "../platform/graphql/selected-fields.js";
import { coerceVariables } from "../platform/graphql/variables.js";

/** What was answered, and to what. */
export interface Answered {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>> | null | undefined;
}

/** A value in an answer whose field somebody looks for. */
export interface Leaf<Mark> {
  mark: Mark;
  /** The object that holds it, and under which key. */
  holder: Record<string, unknown>;
  key: string;
  path: Path;
  nodes: readonly FieldNode[];
}

export interface Path {
  readonly before: Path | undefined;
  readonly key: string | number;
}

/** Tells what is looked for: null for a field that is not. */
type MarkOf<Mark> = (type: GraphQLObjectType, field: GraphQLField<unknown, unknown>) => Mark | null;

/** Finds the values of some fields in an answer, in its order. It looks at what was selected, and goes as far as the answer does. */
export function findLeaves<Mark>(
  { schema, document, operation, variables }: Answered,
  data: unknown,
  markOf: MarkOf<Mark>,
  found: (leaf: Leaf<Mark>) => void,
): void {
  const root = schema.getRootType(operation.operation);
  const coerced = coerceVariables(schema, operation, variables ?? {});
  if (!root || !coerced) return;
  const collector = new FieldCollector(schema, fragmentsOf(document), coerced);
  new Walk(schema, collector, markOf, found).value(data, levelOf(root, [operation]), undefined);
}

/** One response key of what is selected on an object. */
interface Selected<Mark> {
  key: string;
  nodes: readonly FieldNode[];
  mark: Mark | null;
  inner: Level<Mark> | null;
}

interface Selecting {
  type: GraphQLCompositeType;
  nodes: Nodes;
}

/** What is selected at one place, by each type that can stand there; made when the first object is met. */
interface Level<Mark> {
  selecting: readonly Selecting[];
  byType: readonly (readonly Selected<Mark>[])[] | undefined;
}

class Walk<Mark> {
  constructor(
    private readonly schema: GraphQLSchema,
    private readonly collector: FieldCollector,
    private readonly markOf: MarkOf<Mark>,
    private readonly found: (leaf: Leaf<Mark>) => void,
  ) {}

  value(value: unknown, level: Level<Mark>, path: Path | undefined): void {
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) this.value(value[i], level, { before: path, key: i });
    } else if (typeof value === "object" && value !== null) {
      this.object(value as Record<string, unknown>, level, path);
    }
  }

  private object(holder: Record<string, unknown>, level: Level<Mark>, before: Path | undefined): void {
    for (const { key, nodes, mark, inner } of this.selectedOn(holder, level)) {
      const path = { before, key };
      if (inner) this.value(holder[key], inner, path);
      else if (mark !== null) this.found({ mark, holder, key, path, nodes });
    }
  }

  /**
   * What was selected on an object. Where several types can stand, an answer need not tell which one it is: those count whose
   * fields are just the ones that it has.
   */
  private selectedOn(value: Record<string, unknown>, level: Level<Mark>): readonly Selected<Mark>[] {
    level.byType ??= level.selecting.flatMap(({ type, nodes }) =>
      this.typesOf(type).map((own) => this.fieldsOf(own, nodes)),
    );
    const { byType } = level;
    if (byType.length === 1) return byType[0] as readonly Selected<Mark>[];
    const keys = Object.keys(value);
    const fitting = byType.filter(
      (fields) => fields.length === keys.length && fields.every(({ key }, i) => key === keys[i]),
    );
    if (fitting.length === 0) throw new Error("an answer holds what nobody selected");
    return merged(fitting);
  }

  private typesOf(type: GraphQLCompositeType): readonly GraphQLObjectType[] {
    return isAbstractType(type) ? this.schema.getPossibleTypes(type) : [type];
  }

  private fieldsOf(type: GraphQLObjectType, selecting: Nodes): Selected<Mark>[] {
    return [...this.collector.fieldsOf(type, selecting)].map(([key, nodes]) => {
      const name = (nodes[0] as FieldNode).name.value;
      const field = type.getFields()[name];
      const target = field && getNamedType(field.type);
      return {
        key,
        nodes,
        mark: field ? this.markOf(type, field) : null,
        inner: isCompositeType(target) ? levelOf(target, nodes) : null,
      };
    });
  }
}

function levelOf(type: GraphQLCompositeType, nodes: Nodes): Level<never> {
  return { selecting: [{ type, nodes }], byType: undefined };
}

/** What objects of equal keys can be of: the next level tells more. */
function merged<Mark>([
  first = [],
  ...others
]: readonly (readonly Selected<Mark>[])[]): readonly Selected<Mark>[] {
  if (others.length === 0) return first;
  return first.map((selected, i) => {
    const all = [selected, ...others.map((fields) => fields[i] as Selected<Mark>)];
    const selecting = all.flatMap(({ inner }) => inner?.selecting ?? []);
    return {
      ...(all.find(({ mark }) => mark !== null) ?? selected),
      inner: selecting.length > 0 ? { selecting, byType: undefined } : null,
    };
  });
}

/** As errors name it. */
export function keysOf(path: Path): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let place: Path | undefined = path; place; place = place.before) keys.push(place.key);
  return keys.reverse();
}
