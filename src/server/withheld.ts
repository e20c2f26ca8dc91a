import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";
import type { Caller } from "../platform/access/caller.js";
import { isPersonal, personalScope } from "../platform/graphql/personal.js";
import { FieldCollector, fragmentsOf, type Selecting as Nodes } from "../platform/graphql/selected-fields.js";
import { coerceVariables } from "../platform/graphql/variables.js";
import { maxWithheldErrors } from "../platform/limits.js";

export interface Answered {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>> | null | undefined;
  caller: Pick<Caller, "scopes">;
}

/**
 * One FORBIDDEN error for every place in an answer where a personal field was kept back from this caller, in the order of
 * the answer; beyond `maxWithheldErrors` the last one counts the others. However the answer came about, the errors are the same.
 */
export function withheldErrors(answered: Answered, data: () => unknown): readonly GraphQLError[] {
  const { schema, document, operation, caller } = answered;
  if (!selectsPersonal(schema, document) || caller.scopes.has(personalScope)) return [];
  const root = schema.getRootType(operation.operation);
  const variables = coerceVariables(schema, operation, answered.variables ?? {});
  if (!root || !variables) return [];
  const walk = new Walk(schema, new FieldCollector(schema, fragmentsOf(document), variables));
  walk.value(data(), levelOf(root, [operation]), undefined);
  return walk.errors();
}

const known = new WeakMap<DocumentNode, boolean>();

/** Whether a document selects anything personal, in any of its operations. */
export function selectsPersonal(schema: GraphQLSchema, document: DocumentNode): boolean {
  let found = known.get(document);
  if (found !== undefined) return found;
  found = false;
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field() {
        const field = types.getFieldDef();
        if (field && isPersonal(field)) found = true;
      },
    }),
  );
  known.set(document, found);
  return found;
}

interface Path {
  readonly before: Path | undefined;
  readonly key: string | number;
}

interface Place {
  path: Path;
  nodes: readonly FieldNode[];
  field: string;
}

/** One response key of what is selected on an object. */
interface Selected {
  key: string;
  nodes: readonly FieldNode[];
  /** The field's name, where it is personal. */
  personal: string | null;
  inner: Level | null;
}

interface Selecting {
  type: GraphQLCompositeType;
  nodes: Nodes;
}

/** What is selected at one place, by each type that can stand there; made when the first object is met. */
interface Level {
  selecting: readonly Selecting[];
  byType: readonly (readonly Selected[])[] | undefined;
}

/** Finds the places of one answer. It goes no further than the answer does. */
class Walk {
  private readonly places: Place[] = [];
  private count = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly collector: FieldCollector,
  ) {}

  value(value: unknown, level: Level, path: Path | undefined): void {
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) this.value(value[i], level, { before: path, key: i });
    } else if (typeof value === "object" && value !== null) {
      this.object(value as Record<string, unknown>, level, path);
    }
  }

  errors(): GraphQLError[] {
    const more = this.count - this.places.length;
    return this.places.map(({ path, nodes, field }, i) => {
      const others = more > 0 && i === this.places.length - 1 ? { alsoWithheld: more } : {};
      return new GraphQLError(`${field} needs the scope ${personalScope}.`, {
        nodes,
        path: keysOf(path),
        extensions: { code: "FORBIDDEN", scope: personalScope, field, ...others },
      });
    });
  }

  private object(value: Record<string, unknown>, level: Level, before: Path | undefined): void {
    for (const { key, nodes, personal, inner } of this.selectedOn(value, level)) {
      const path = { before, key };
      if (inner) this.value(value[key], inner, path);
      else if (personal !== null && value[key] === null) this.found({ path, nodes, field: personal });
    }
  }

  private found(place: Place): void {
    this.count++;
    if (this.places.length < maxWithheldErrors) this.places.push(place);
  }

  /**
   * What was selected on an object. Where several types can stand, an answer need not tell which one it is: those count whose
   * fields are just the ones that it has.
   */
  private selectedOn(value: Record<string, unknown>, level: Level): readonly Selected[] {
    level.byType ??= level.selecting.flatMap(({ type, nodes }) =>
      this.typesOf(type).map((own) => this.fieldsOf(own, nodes)),
    );
    const { byType } = level;
    if (byType.length === 1) return byType[0] as readonly Selected[];
    const keys = Object.keys(value);
    return merged(
      byType.filter(
        (fields) => fields.length === keys.length && fields.every(({ key }, i) => key === keys[i]),
      ),
    );
  }

  private typesOf(type: GraphQLCompositeType): readonly GraphQLObjectType[] {
    return isAbstractType(type) ? this.schema.getPossibleTypes(type) : [type];
  }

  private fieldsOf(type: GraphQLObjectType, selecting: Nodes): Selected[] {
    return [...this.collector.fieldsOf(type, selecting)].map(([key, nodes]) => {
      const name = (nodes[0] as FieldNode).name.value;
      const field = type.getFields()[name];
      const target = field && getNamedType(field.type);
      return {
        key,
        nodes,
        personal: field && isPersonal(field) ? `${type.name}.${name}` : null,
        inner: isCompositeType(target) ? levelOf(target, nodes) : null,
      };
    });
  }
}

function levelOf(type: GraphQLCompositeType, nodes: Nodes): Level {
  return { selecting: [{ type, nodes }], byType: undefined };
}

/** What objects of equal keys can be of: the next level tells more. */
function merged([first = [], ...others]: readonly (readonly Selected[])[]): readonly Selected[] {
  if (others.length === 0) return first;
  return first.map((selected, i) => {
    const all = [selected, ...others.map((fields) => fields[i] as Selected)];
    const selecting = all.flatMap(({ inner }) => inner?.selecting ?? []);
    return {
      ...(all.find(({ personal }) => personal !== null) ?? selected),
      inner: selecting.length > 0 ? { selecting, byType: undefined } : null,
    };
  });
}

function keysOf(path: Path): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let place: Path | undefined = path; place; place = place.before) keys.push(place.key);
  return keys.reverse();
}
