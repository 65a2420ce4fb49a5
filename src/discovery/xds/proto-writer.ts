/** Protobuf's wire format (protobuf.dev/programming-guides/encoding): numbers and length-delimited fields, all weir needs. */

const VARINT = 0;
const LENGTH = 2;
/** The room to begin with, in bytes; it doubles. */
const FIRST_BYTES = 256;

/** Writes fields one after the other into one growing buffer. A number of 0 and a text of '' are not written, as in proto3. */
export class ProtoWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #at = 0;

  /** A whole number from 0 to 2^32-1; also enums and booleans. */
  number(id: number, value: number): this {
    return value === 0 ? this : this.explicit(id, value);
  }

  /** The same, and 0 is written too: by it a field of a oneof is there. */
  explicit(id: number, value: number): this {
    this.#varint(id * 8 + VARINT);
    return this.#varint(value);
  }

  string(id: number, text: string): this {
    return text === '' ? this : this.entry(id, text);
  }

  /** An entry of a list, which is written also when it is ''. */
  entry(id: number, text: string): this {
    const length = Buffer.byteLength(text);
    this.#varint(id * 8 + LENGTH);
    this.#varint(length);
    this.#reserve(length);
    this.#at += this.#buffer.write(text, this.#at);
    return this;
  }

  /** A message or bytes; an empty message is written too, because its presence says something. */
  bytesField(id: number, bytes: Buffer): this {
    this.#varint(id * 8 + LENGTH);
    this.#varint(bytes.length);
    return this.raw(bytes);
  }

  /** Fields that are encoded already. */
  raw(bytes: Buffer): this {
    this.#reserve(bytes.length);
    this.#at += bytes.copy(this.#buffer, this.#at);
    return this;
  }

  /** A message whose fields `write` writes. */
  message(id: number, write: () => void): this {
    this.#varint(id * 8 + LENGTH);
    this.#reserve(1);
    const start = this.#at + 1;
    this.#at = start;
    write();
    // Most messages are short: their length has one byte, and only longer ones are moved.
    const length = this.#at - start;
    const extra = varintBytes(length) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#buffer.copyWithin(start + extra, start, this.#at);
    }
    this.#at = start - 1;
    this.#varint(length);
    this.#at += length;
    return this;
  }

  /** All fields so far, in a buffer of exactly their size. */
  bytes(): Buffer {
    const exact = Buffer.allocUnsafeSlow(this.#at);
    this.#buffer.copy(exact, 0, 0, this.#at);
    return exact;
  }

  #varint(value: number): this {
    this.#reserve(10);
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) {
      this.#buffer[this.#at] = (rest % 128) + 128;
      this.#at += 1;
    }
    this.#buffer[this.#at] = rest;
    this.#at += 1;
    return this;
  }

  #reserve(bytes: number): void {
    const wanted = this.#at + bytes;
    if (wanted <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

/** How many bytes a number takes. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
