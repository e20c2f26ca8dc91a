import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import {
  DirectiveLocation,
  type DocumentNode,
  type ExecutionResult,
  GraphQLDirective,
  GraphQLError,
  type GraphQLFormattedError,
  GraphQLNonNull,
  GraphQLString,
  getDirectiveValues,
  type OperationDefinitionNode,
  OperationTypeNode,
  print,
} from "graphql";
import { accessClassOf, type Caller } from "../platform/access/caller.js";
import { type Audience, keepAnswerFor } from "../platform/database/audience.js";
import type { Database } from "../platform/database/database.js";
import { ApiError } from "../platform/errors.js";
import {
  claimRequest,
  keepAnswer,
  type RequestName,
  releaseRequest,
  removeOldRequests,
} from "../platform/idempotency/idempotent-requests.js";
import { faultOf, type Logger } from "../platform/log.js";
import { sorted } from "./live/live-request.js";
import { seal, unseal } from "./sealed-answer.js";

/** How often what is a day old is removed. */
const removeEveryMs = 10 * 60_000;
/** A UUID has 36; more than this is no key. */
const maxKeyLength = 255;
const keyShape = new RegExp(`^[\\x21-\\x7e]{1,${maxKeyLength}}$`);

export const idempotentDirective = new GraphQLDirective({
  name: "idempotent",
  description:
    "The same key with the same mutation runs once: whoever sends it again gets the first answer again.",
  locations: [DirectiveLocation.MUTATION],
  args: {
    key: {
      type: new GraphQLNonNull(GraphQLString),
      description: "A name of the client's own for this mutation, for a day; a UUID is best.",
    },
  },
});

export interface Attempt {
  caller: Caller;
  /** The key or token that was presented: what the answer is sealed with. */
  presented: string | null;
  /** The header of the request. */
  header?: string | null | undefined;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>>;
  /** Who waits for it now; a run goes on without them, so that who comes back finds it done. */
  audience: Audience;
}

/** What a client is shown of a result. */
export interface ShownResult {
  data?: Record<string, unknown> | null | undefined;
  errors?: readonly GraphQLFormattedError[] | undefined;
}

/** A run that was claimed, and has to be ended; or the answer of the first. */
export type Begun = { replay: ShownResult } | { end(result: ShownResult): Promise<void> };

/** Mutations that run once per key of a client's own. */
export class Idempotency {
  private readonly removing: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
  ) {
    const onFault = (error: unknown) => logger.warn(faultOf(error), "old idempotent requests");
    this.removing = setInterval(() => void removeOldRequests(database).catch(onFault), removeEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.removing);
  }

  /** Null where no key was given. Throws IDEMPOTENCY_CONFLICT, IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_ANSWER_GONE, BAD_USER_INPUT. */
  async begin(attempt: Attempt): Promise<Begun | null> {
    const key = keyOf(attempt);
    if (key === null) return null;
    const presented = attempt.presented ?? "";
    const name: RequestName = { callerId: attempt.caller.keyId, key };
    const inputHash = hashOf(attempt);
    const claimId = randomUUID();
    const known = await claimRequest(this.database, name, inputHash, claimId);
    if (!known) keepAnswerFor(attempt.audience);
    const owner = `${name.callerId} ${key} ${accessClassOf(attempt.caller)}`;
    if (!known) return { end: (result) => this.end(name, claimId, { presented, owner }, result) };
    if (!timingSafeEqual(known.inputHash, inputHash)) throw conflict();
    if (!known.answered) throw inProgress();
    const text = known.answer && unseal(known.answer, presented, owner);
    if (text === null) throw answerGone();
    return { replay: JSON.parse(text) as ShownResult };
  }

  /** The same around a run. `shown` is what the client is shown of its result. */
  async once(
    attempt: Attempt,
    run: () => Promise<ExecutionResult>,
    shown: (result: ExecutionResult) => ShownResult,
  ): Promise<ExecutionResult> {
    const begun = await this.begin(attempt);
    if (begun && "replay" in begun) return asResult(begun.replay);
    const result = await run();
    await begun?.end(shown(result));
    return result;
  }

  /** Kept before it is told, so that who asks again cannot come too early. Without data nothing was answered: it may run again. */
  private async end(
    name: RequestName,
    claimId: string,
    { presented, owner }: { presented: string; owner: string },
    result: ShownResult,
  ): Promise<void> {
    try {
      const { data, errors } = result;
      if (!data) await releaseRequest(this.database, name, claimId);
      else {
        const text = JSON.stringify({ data, ...(errors && { errors }) });
        await keepAnswer(this.database, name, claimId, seal(text, presented, owner));
      }
    } catch (error) {
      // It was done; only its answer is not kept, and who asks again is told to wait.
      this.logger.error(faultOf(error), "an idempotent answer could not be kept");
    }
  }
}

/** The key of a mutation, by directive or header; queries have none. */
function keyOf({ operation, variables, header }: Attempt): string | null {
  if (operation.operation !== OperationTypeNode.MUTATION) return null;
  const given = getDirectiveValues(idempotentDirective, operation, { ...variables })?.key;
  const key = (given ?? header ?? null) as string | null;
  if (key === null) return null;
  if (!keyShape.test(key) || (header != null && header !== key))
    throw new ApiError(
      "BAD_USER_INPUT",
      `An idempotency key has 1 to ${maxKeyLength} printable characters, and is the same in header and directive.`,
      { http: { status: 400 } },
    );
  return key;
}

function hashOf({ document, operation, variables }: Attempt): Buffer {
  const text = document.loc?.source.body ?? print(document);
  const input = JSON.stringify([text, operation.name?.value ?? null, sorted(variables)]);
  return createHash("sha256").update(input).digest();
}

/** As graphql-js would have told it, so that every transport shows it like any other. */
function asResult({ data, errors }: ShownResult): ExecutionResult {
  const told = errors?.map(
    ({ message, path, extensions }) => new GraphQLError(message, { path: path ?? null, extensions }),
  );
  return { data: data ?? null, ...(told && { errors: told }) };
}

function conflict(): ApiError {
  const message = "This idempotency key was used with another input. Use a new key for what is new.";
  return new ApiError("IDEMPOTENCY_CONFLICT", message, { http: { status: 409 } });
}

function inProgress(): ApiError {
  const message = "The same mutation runs just now. Ask again for its answer.";
  return new ApiError("IDEMPOTENCY_IN_PROGRESS", message, {
    http: { status: 409, headers: new Map([["retry-after", "1"]]) },
  });
}

function answerGone(): ApiError {
  const message = "This mutation has been done; its answer cannot be told again. Read what it changed.";
  return new ApiError("IDEMPOTENCY_ANSWER_GONE", message, { http: { status: 409 } });
}
