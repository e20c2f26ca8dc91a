import { DatabaseError } from "./errors.js";

/** PostgreSQL's protocol counts parameters in 16 bits. Longer lists belong in one array parameter. */
const PARAMETERS_MAX = 65_533;

/**
 * Every parameter goes to the server as text, and the server infers its type from the statement. What cannot be sent is
 * refused here, before the driver sees it: inside the driver such an error desynchronises a connection that others share.
 */
export function encodeParameters(values: readonly unknown[]): (string | null)[] {
  if (values.length > PARAMETERS_MAX)
    throw new DatabaseError(
      "DATABASE_PARAMETER",
      `${values.length} parameters: ${PARAMETERS_MAX} are possible`,
    );
  return values.map((value, index) => {
    try {
      return encode(value);
    } catch (cause) {
      throw new DatabaseError("DATABASE_PARAMETER", `parameter $${index + 1} cannot be sent`, { cause });
    }
  });
}

function encode(value: unknown): string | null {
  if (value === null) return null;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "boolean") return value ? "t" : "f";
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return encodeArray(value);
  if (typeof value === "object") return JSON.stringify(value);
  throw new TypeError(`${typeof value} is no parameter`);
}

function encodeArray(values: readonly unknown[]): string {
  const items = values.map((value) => {
    if (Array.isArray(value)) return encodeArray(value);
    const text = encode(value);
    return text === null ? "NULL" : quoted(text);
  });
  return `{${items.join(",")}}`;
}

/** A member of an array's text. Nearly none has a character to escape, and looking is cheaper than replacing. */
export function quoted(text: string): string {
  return text.includes('"') || text.includes("\\") ? `"${text.replace(/["\\]/g, "\\$&")}"` : `"${text}"`;
}

/** Reads an array's text, such as `{1,NULL,"a \"b\""}`, nested ones included. A lower bound (`[0:1]={...}`) is dropped. */
export function parseArray(text: string, parseItem: (item: string) => unknown = (item) => item): unknown[] {
  let at = text.indexOf("{") + 1;
  return items();

  function items(): unknown[] {
    const found: unknown[] = [];
    for (;;) {
      if (text[at] === "}") {
        at++;
        return found;
      }
      if (text[at] === ",") at++;
      else found.push(item());
    }
  }

  function item(): unknown {
    if (text[at] === "{") {
      at++;
      return items();
    }
    const quoted = text[at] === '"';
    if (quoted) at++;
    let value = "";
    while (quoted ? text[at] !== '"' : text[at] !== "," && text[at] !== "}") {
      if (at >= text.length) throw new DatabaseError("DATABASE_PARAMETER", "an array's text ended too early");
      if (text[at] === "\\") at++;
      value += text[at++];
    }
    if (quoted) at++;
    else if (value === "NULL") return null;
    return parseItem(value);
  }
}
