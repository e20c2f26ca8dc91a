import type { FieldNode, GraphQLObjectType } from "graphql";
import type { FieldCollector, Selecting } from "../graphql/selected-fields.js";

/** Why a document is left to the resolvers. Holds names of the schema, never values. */
export class NotCompiled extends Error {}

/** Fields of one statement: a few times the widest document of our own. Planning a wider one would cost more than it saves. */
const maxFields = 400;

/** The fields of one document. Throws NotCompiled when there are too many. */
export class Selection {
  fieldCount = 0;

  constructor(private readonly collector: FieldCollector) {}

  /** One entry per response key, in the order of first mention. */
  fieldsOf<T>(
    type: GraphQLObjectType,
    nodes: Selecting,
    make: (key: string, name: string, nodes: readonly FieldNode[]) => T,
  ): T[] {
    const selected = this.collector.fieldsOf(type, nodes);
    this.fieldCount += selected.size;
    if (this.fieldCount > maxFields) throw new NotCompiled(`it selects more than ${maxFields} fields`);
    return [...selected].map(([key, own]) => make(key, (own[0] as FieldNode).name.value, own));
  }
}
