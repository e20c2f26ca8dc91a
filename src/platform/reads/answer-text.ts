import { type ByteText, decoded } from "../byte-text.js";
import { countBraces } from "./count-braces.js";

/** Those around the data, and the data itself. */
const bracesAround = 2;

/**
 * The text of an answer on its way, `{"data":…}`, as the database sent it. Whoever sends it takes it. What a request leaves
 * behind is often still pointed at by something as dead that V8 has moved to its old generation;
 * texts that stayed in it would follow, 7 to 55 kB per request, and cost more to move and to find dead than to make.
 */
export class AnswerText {
  constructor(private text: ByteText) {}

  /** The data as a value, for whoever walks through it. */
  get data(): unknown {
    return JSON.parse(decoded(this.text)).data;
  }

  /** How many objects the data holds, the root left out. */
  get objects(): number {
    return Math.max(countBraces(this.text) - bracesAround, 0);
  }

  /** The text, which is not here any more afterwards. */
  take(): ByteText {
    const { text } = this;
    this.text = "" as ByteText;
    return text;
  }
}
