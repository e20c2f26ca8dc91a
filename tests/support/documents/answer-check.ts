import {
  doTypesOverlap,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";

// Looks at an answer by the document and the schema's declarations alone: nothing here is the server's own code.

export interface Reader {
  scopes: ReadonlySet<string>;
  partner: boolean;
}

export interface Looked {
  /** What the answer holds and should not, in words. */
  wrong: string[];
  /** Objects of data, its root not counted. */
  objects: number;
  /** The same without what no price foresees: members beyond ten of lists without pages, and what free attributes hold. */
  foreseen: number;
}

/** Members that docs/limits.md prices of a list without pages. */
const listSize = 10;
/** Words that a partner may read (docs/access.md): of the company, not of customers or of their sources. */
const partnersWords = new Set(
  `Channel.code Channel.name Channel.costCurrency Customer.locale Customer.timeZone Customer.country Feedback.kind
  Feedback.surveyVersion Interaction.kind LoyaltyEntry.kind LoyaltyTier.code LoyaltyTier.name Reward.code Reward.name
  Money.currency PurchaseItem.sku PurchaseItem.name TicketEvent.kind PageInfo.startCursor PageInfo.endCursor
  Viewer.kind Viewer.name Viewer.partner Viewer.scopes UserError.code UserError.field UserError.message`.split(
    /\s+/,
  ),
);
const words: ReadonlySet<string> = new Set(["String", "Cursor", "JSONObject"]);
/** By which two partners could find the same person. */
const closedEdges = new Set([
  "Customer.identities",
  "Customer.identity",
  "Customer.profiles",
  "Customer.seq",
]);
/** A partner's own keys are its own affair. */
const ofOwnKeys = /^(__|ApiKey)|ApiKeyPayload$/;

/** Looks at the whole answer to a document of one operation. */
export function lookAt(schema: GraphQLSchema, query: string, data: object, reader: Reader): Looked {
  const document = parse(query);
  const [operation] = document.definitions.filter(
    (one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION,
  );
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return { wrong: ["an answer to no operation"], objects: 0, foreseen: 0 };
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions)
    if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const look = new Look(schema, fragments, reader);
  look.wrong.push(...beyondScopes(schema, query, reader));
  look.object(data as Record<string, unknown>, [{ type: root, set: operation.selectionSet }], "", true);
  return { wrong: look.wrong, objects: look.objects - 1, foreseen: look.foreseen - 1 };
}

/** Fields that the document selects and its reader holds no scope for: then nothing may have been answered. */
function beyondScopes(schema: GraphQLSchema, query: string, { scopes }: Reader): string[] {
  const types = new TypeInfo(schema);
  const wrong: string[] = [];
  visit(
    parse(query),
    visitWithTypeInfo(types, {
      Field() {
        const [type, field] = [types.getParentType(), types.getFieldDef()];
        for (const scope of [scopeOf(type), scopeOf(field)])
          if (scope !== null && !scopes.has(scope))
            wrong.push(`${type?.name}.${field?.name} without ${scope}`);
      },
    }),
  );
  return wrong;
}

interface Declared {
  readonly extensions: Readonly<Record<string, unknown>>;
}

function scopeOf(declared: Declared | null | undefined): string | null {
  const scope = declared?.extensions.scope;
  return typeof scope === "string" && scope !== "public" ? scope : null;
}

/** A selection, and the type on which it stands. */
interface Placed {
  type: GraphQLCompositeType;
  set: SelectionSetNode;
}

/** What one key of an object can be. */
interface Candidate {
  type: GraphQLCompositeType;
  field: GraphQLField<unknown, unknown>;
  node: FieldNode;
}

class Look {
  readonly wrong: string[] = [];
  objects = 0;
  foreseen = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    private readonly reader: Reader,
  ) {}

  object(value: Record<string, unknown>, placed: readonly Placed[], path: string, counts: boolean): void {
    this.objects++;
    if (counts) this.foreseen++;
    const own = typeof value.__typename === "string" ? this.schema.getType(value.__typename) : undefined;
    const type = isObjectType(own) ? own : null;
    const needed = scopeOf(type);
    if (needed !== null && !this.reader.scopes.has(needed))
      this.wrong.push(`${path}: ${type} without ${needed}`);
    const keys = new Map<string, Candidate[]>();
    for (const { type: on, set } of placed) this.collect(type ?? on, set, keys);
    for (const [key, inner] of Object.entries(value)) {
      const candidates = keys.get(key);
      if (!candidates) this.wrong.push(`${path}.${key} was not selected`);
      else if (candidates.length > 0) this.field(inner, candidates, `${path}.${key}`, counts);
    }
  }

  private field(value: unknown, candidates: readonly Candidate[], path: string, counts: boolean): void {
    if (value === null) return;
    const inner = candidates.flatMap(({ field, node }): Placed[] => {
      const type = getNamedType(field.type);
      return node.selectionSet && isCompositeType(type) ? [{ type, set: node.selectionSet }] : [];
    });
    if (inner.length > 0) {
      this.members(value, candidates, inner, path, counts);
      return;
    }
    this.objects += objectsIn(value);
    const { scopes, partner } = this.reader;
    if (!scopes.has("pii:read") && candidates.every(({ field }) => field.extensions.personal === true))
      this.wrong.push(`${path} is personal`);
    if (partner && candidates.every(isClosedToPartners)) this.wrong.push(`${path} is not for partners`);
  }

  private members(
    value: unknown,
    candidates: readonly Candidate[],
    inner: readonly Placed[],
    path: string,
    counts: boolean,
  ): void {
    if (!Array.isArray(value)) {
      this.object(value as Record<string, unknown>, inner, path, counts);
      return;
    }
    const isFree = candidates.some(hasNoPages);
    value.forEach((one, i) => {
      if (one !== null) this.object(one, inner, `${path}.${i}`, counts && (!isFree || i < listSize));
    });
  }

  /** What can stand under each key of an object of this type, or of one of its types. */
  private collect(type: GraphQLCompositeType, set: SelectionSetNode, keys: Map<string, Candidate[]>): void {
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) {
        const field =
          isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
        const key = node.alias?.value ?? node.name.value;
        if (field) keys.set(key, [...(keys.get(key) ?? []), { type, field, node }]);
        else if (node.name.value === "__typename") keys.set(key, keys.get(key) ?? []);
        continue;
      }
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : this.fragments.get(node.name.value);
      const named = fragment?.typeCondition?.name.value;
      const condition = named ? this.schema.getType(named) : type;
      if (!fragment || !isCompositeType(condition) || !doTypesOverlap(this.schema, type, condition)) continue;
      this.collect(isObjectType(type) ? type : condition, fragment.selectionSet, keys);
    }
  }
}

function hasNoPages({ type, field }: Candidate): boolean {
  if (!isListType(getNullableType(field.type)) || type.name.endsWith("Connection")) return false;
  return field.name !== "results" && !field.args.some(({ name }) => name === "ids");
}

/** Whether docs/access.md keeps a field back from partners. */
export function isClosedToPartners({ type, field }: Pick<Candidate, "type" | "field">): boolean {
  if (closedEdges.has(`${type.name}.${field.name}`)) return true;
  if (!words.has(getNamedType(field.type).name) || ofOwnKeys.test(type.name)) return false;
  if (type.name.endsWith("Edge") && field.name === "cursor") return false;
  return !partnersWords.has(`${type.name}.${field.name}`);
}

function objectsIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inside = Object.values(value).reduce<number>((sum, inner) => sum + objectsIn(inner), 0);
  return Array.isArray(value) ? inside : inside + 1;
}
