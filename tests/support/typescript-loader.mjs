/**
 * Lets a plain Node process run the TypeScript sources: `node --import ./tests/support/typescript-loader.mjs file.ts`.
 * Jest has its own transform; this one is for processes that tests start (and kill).
 */
import { existsSync, readFileSync } from "node:fs";
import { register } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { transformSync } from "@swc/core";

if (isMainThread) register(import.meta.url);

const SCHEMA = new URL("../../schema/", import.meta.url);

export async function resolve(specifier, context, next) {
  if (specifier.startsWith("#schema/"))
    return next(new URL(asTypeScript(specifier.slice(8)), SCHEMA).href, context);
  if (/^(\.|\/|file:)/.test(specifier) && specifier.endsWith(".js") && context.parentURL) {
    const source = new URL(asTypeScript(specifier), context.parentURL);
    if (existsSync(source)) return next(source.href, context);
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const { code } = transformSync(readFileSync(new URL(url), "utf8"), {
    filename: fileURLToPath(url),
    sourceMaps: "inline",
    jsc: {
      parser: { syntax: "typescript", decorators: true },
      target: "es2022",
      transform: { legacyDecorator: true, decoratorMetadata: false, useDefineForClassFields: false },
    },
    module: { type: "es6" },
  });
  return { format: "module", source: code, shortCircuit: true };
}

function asTypeScript(specifier) {
  return specifier.replace(/\.js$/, ".ts");
}
