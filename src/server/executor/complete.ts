import {
  type FieldNode,
  type GraphQLAbstractType,
  GraphQLID,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  GraphQLString,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import { countObjects } from "../count-objects.js";
import { LeftToGraphql } from "./left-to-graphql.js";
import type { FieldPlan, Plan } from "./plan.js";
import { disregard, isPromise, type Run } from "./run.js";

/** Where a value goes: a property of an answer's object, or a place in one of its lists. */
export type Target = Record<string | number, unknown>;
/** Puts what a resolver gave, completed, into its place. Throws where the answer has an error. */
export type Complete = (run: Run, value: unknown, target: Target, key: string | number) => void;

type Nodes = readonly FieldNode[];

/** How values of a type are completed. The rules are those of graphql-js; every broken one is left to it. */
export function completeOf(
  plan: Plan,
  type: GraphQLOutputType,
  nodes: Nodes,
  info: GraphQLResolveInfo,
): Complete {
  if (isNonNullType(type)) return nonNull(completeOf(plan, type.ofType, nodes, info));
  if (isListType(type)) return orNull(list(completeOf(plan, type.ofType, nodes, info)));
  if (isLeafType(type)) return orNull(leaf(type));
  if (isObjectType(type)) return orNull(object(plan, type, nodes, info));
  return orNull(abstract(plan, type, nodes, info));
}

function nonNull(complete: Complete): Complete {
  return (run, value, target, key) => {
    if (value === null || value === undefined) throw new LeftToGraphql("null");
    complete(run, value, target, key);
  };
}

function orNull(complete: Complete): Complete {
  return (run, value, target, key) => {
    if (value === null || value === undefined) target[key] = null;
    else if (value instanceof Error) throw value;
    else complete(run, value, target, key);
  };
}

function leaf(type: GraphQLLeafType): Complete {
  const isText = type === GraphQLString || type === GraphQLID;
  return (run, value, target, key) => {
    const serialised: unknown = isText && typeof value === "string" ? value : type.serialize(value);
    if (serialised === null || serialised === undefined) throw new LeftToGraphql("not serialised");
    if (typeof serialised === "object") run.objects += countObjects(serialised);
    target[key] = serialised;
  };
}

function list(complete: Complete): Complete {
  return (run, value, target, key) => {
    if (!Array.isArray(value)) throw new LeftToGraphql("no array");
    const items: unknown[] = new Array(value.length);
    target[key] = items;
    let i = 0;
    try {
      for (; i < value.length; i++) run.put(value[i], complete, items as unknown as Target, i);
    } catch (error) {
      disregard(value, i + 1);
      throw error;
    }
  };
}

function object(plan: Plan, type: GraphQLObjectType, nodes: Nodes, info: GraphQLResolveInfo): Complete {
  let fields: readonly FieldPlan[] | undefined;
  return (run, value, target, key) => {
    if (type.isTypeOf && type.isTypeOf(value, run.context, info) !== true)
      throw new LeftToGraphql("of another type");
    fields ??= plan.fields(type, nodes);
    target[key] = run.fields(fields, value);
  };
}

function abstract(plan: Plan, type: GraphQLAbstractType, nodes: Nodes, info: GraphQLResolveInfo): Complete {
  const ofTypes = new Map<string, Complete>();
  const ofType = (name: unknown): Complete => {
    const runtime = typeof name === "string" ? plan.schema.getType(name) : undefined;
    if (!isObjectType(runtime) || !plan.schema.isSubType(type, runtime))
      throw new LeftToGraphql("of no known type");
    const complete = object(plan, runtime, nodes, info);
    ofTypes.set(runtime.name, complete);
    return complete;
  };
  return (run, value, target, key) => {
    const name = type.resolveType?.(value, run.context, info, type);
    if (name === undefined || isPromise(name)) throw new LeftToGraphql("its type is not told at once");
    (ofTypes.get(name) ?? ofType(name))(run, value, target, key);
  };
}
