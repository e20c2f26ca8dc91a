/**
 * The bytes of a UTF-8 text, undecoded, in a string of one character per byte. Strings live on V8's own heap; buffers lie
 * outside of it, and their sum makes V8 collect all garbage every few hundred answers.
 */
export type ByteText = string & { readonly [mark]: true };
declare const mark: unique symbol;

/** What is encoded in place: every usual answer. */
const SCRATCH_BYTES = 262_144;
const MAX_BYTES_PER_UNIT = 3;
/** Up to here looking whether it has to be encoded costs less than encoding. */
const SHORT_UNITS = 1_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const ascii = /^[\x00-\x7f]*$/;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/** A copy: what the bytes lie in may be used again. */
export function byteTextOf(bytes: Buffer): ByteText {
  return bytes.toString("latin1") as ByteText;
}

export function encoded(text: string): ByteText {
  if (text.length <= SHORT_UNITS && ascii.test(text)) return text as ByteText;
  if (text.length * MAX_BYTES_PER_UNIT > SCRATCH_BYTES) return byteTextOf(Buffer.from(text));
  return scratch.toString("latin1", 0, scratch.write(text)) as ByteText;
}

export function decoded(text: ByteText): string {
  return Buffer.from(text, "latin1").toString("utf8");
}
