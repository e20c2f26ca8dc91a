import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { PAGE_SCRIPT, PAGE_STYLE } from "./page.js";

type Encoding = "br" | "gzip" | "identity";

export type Send = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A file whose path names its version, so that its bytes never change. */
export interface Asset {
  path: string;
  type: string;
  read: () => Promise<Buffer>;
  /** Made on first demand and kept: three forms of a fixed list of files, about 6 MB if all are asked for. */
  forms: Map<Encoding, Promise<Buffer>>;
}

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

/** GraphiQL and what it needs, from the installed packages, then the page's own script; in the order they load. */
export function loadAssets(basePath: string): Asset[] {
  return [
    packagedAsset(basePath, "react", "umd/react.production.min.js"),
    packagedAsset(basePath, "react-dom", "umd/react-dom.production.min.js"),
    packagedAsset(basePath, "graphql-ws", "umd/graphql-ws.min.js"),
    packagedAsset(basePath, "graphiql", "graphiql.min.js"),
    packagedAsset(basePath, "graphiql", "graphiql.min.css"),
    ownAsset(basePath, "page", ".js", PAGE_SCRIPT),
    ownAsset(basePath, "page", ".css", PAGE_STYLE),
  ];
}

/** Immutable for a year, in the smallest form the browser takes. */
export async function sendAsset(
  request: IncomingMessage,
  response: ServerResponse,
  asset: Asset,
): Promise<void> {
  const encoding = encodingFor(request.headers["accept-encoding"]);
  const body = await formOf(asset, encoding);
  response.setHeader("cache-control", "public, max-age=31536000, immutable");
  response.setHeader("vary", "accept-encoding");
  if (encoding !== "identity") response.setHeader("content-encoding", encoding);
  end(request, response, asset.type, body);
}

/** Never stored: the page names the current assets and its configuration may hold a key. */
export async function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  type: string,
  text: string,
): Promise<void> {
  response.setHeader("cache-control", "no-store");
  end(request, response, type, Buffer.from(text));
}

function end(request: IncomingMessage, response: ServerResponse, type: string, body: Buffer) {
  response.writeHead(200, { "content-type": type, "content-length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}

function packagedAsset(basePath: string, name: string, file: string): Asset {
  // The file by its directory: the umd builds are not among their packages' exports.
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  const source = path.join(path.dirname(manifest), file);
  const extension = path.extname(file);
  return asset(`${basePath}/${name}-${version}${extension}`, extension, () => readFile(source));
}

function ownAsset(basePath: string, name: string, extension: string, text: string): Asset {
  const version = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return asset(`${basePath}/${name}-${version}${extension}`, extension, async () => Buffer.from(text));
}

function asset(assetPath: string, extension: string, read: () => Promise<Buffer>): Asset {
  return { path: assetPath, type: extension === ".css" ? STYLE : SCRIPT, read, forms: new Map() };
}

function encodingFor(accepted: string | string[] | undefined): Encoding {
  const offers = String(accepted ?? "").split(",");
  const takes = (encoding: Encoding) =>
    offers.some((offer) => {
      const [name, ...parameters] = offer.toLowerCase().replaceAll(" ", "").split(";");
      return name === encoding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    });
  return takes("br") ? "br" : takes("gzip") ? "gzip" : "identity";
}

function formOf(asset: Asset, encoding: Encoding): Promise<Buffer> {
  const kept = asset.forms.get(encoding);
  if (kept) return kept;
  const made = asset.read().then((bytes) => compress(bytes, encoding));
  asset.forms.set(encoding, made);
  made.catch(() => asset.forms.delete(encoding));
  return made;
}

/** Quality 6 of 11: GraphiQL's 3.5 MB become 0.65 MB in 0.14 s; 11 would save 0.08 MB and take 8 s. */
const BROTLI_QUALITY = 6;

async function compress(bytes: Buffer, encoding: Encoding): Promise<Buffer> {
  if (encoding === "gzip") return promisify(gzip)(bytes);
  if (encoding === "identity") return bytes;
  return promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
}
