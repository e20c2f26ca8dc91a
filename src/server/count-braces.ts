const curly = 0x7b;
const quote = 0x22;
const backslash = 0x5c;
const underscore = 0x5f;

/**
 * Braces that open objects in a JSON text, not those in its strings. They are looked for one by one: in the text of an
 * answer an object begins with `{"` and a name, and a string never holds that, because its quote would end it and no name
 * follows the end of a string. Where a brace is followed by anything else, every byte is looked at, in four times the time.
 */
export function countBraces(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(curly); at >= 0; at = bytes.indexOf(curly, at + 1)) {
    if (bytes[at + 1] !== quote || !beginsName(bytes[at + 2])) return countByByte(bytes);
    count++;
  }
  return count;
}

/** The plain way. */
export function countByByte(bytes: Uint8Array): number {
  let count = 0;
  const end = bytes.length;
  for (let at = 0; at < end; at++) {
    const byte = bytes[at];
    if (byte === curly) count++;
    else if (byte === quote) {
      for (at++; at < end && bytes[at] !== quote; at++) if (bytes[at] === backslash) at++;
    }
  }
  return count;
}

function beginsName(byte = 0): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || byte === underscore;
}
