/** gRPC's frames: a byte that says whether a message is compressed, its length in four bytes, the message. */

/** The largest message that is taken, in bytes: a node with all its extensions has 61 KB, versions some 50 bytes each. */
const MAX_MESSAGE = 16 * 1024 * 1024;
const HEAD = 5;

/** Cuts a stream of bytes into messages. */
export class GrpcFrames {
  #rest: Buffer = Buffer.alloc(0);

  /** The messages that are whole with these bytes. Throws a RangeError for one that is compressed or too large. */
  *take(bytes: Buffer): Generator<Buffer> {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= HEAD) {
      if (this.#rest[0] !== 0) throw new RangeError('a message is compressed');
      const length = this.#rest.readUInt32BE(1);
      if (length > MAX_MESSAGE) throw new RangeError(`a message has ${length} bytes, more than ${MAX_MESSAGE}`);
      if (this.#rest.length < HEAD + length) return;
      const message = this.#rest.subarray(HEAD, HEAD + length);
      this.#rest = this.#rest.subarray(HEAD + length);
      yield message;
    }
  }
}

/** A message with its head. */
export function grpcFrame(message: Buffer): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
