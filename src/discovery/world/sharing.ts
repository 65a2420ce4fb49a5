/** Equal values as one object: a thousand instances of an application differ in their addresses, and in little else. */

/** Beyond so many the values differ with each instance, and nothing would be shared. */
const MAX_VALUES = 4_096;

/** Remembers values by their text. It forgets all of them when there are too many. */
export class Sharing<Value> {
  readonly #values = new Map<string, Value>();

  /** The value that was there first under this text. */
  of(text: string, value: Value): Value {
    const known = this.#values.get(text);
    if (known !== undefined) return known;
    if (this.#values.size >= MAX_VALUES) this.#values.clear();
    this.#values.set(text, value);
    return value;
  }
}
