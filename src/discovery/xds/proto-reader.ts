/** Reads protobuf's wire format, field by field; what somebody else sent is never trusted. */

/** One field: a number, or the bytes of a length-delimited one. */
export interface ProtoField {
  readonly id: number;
  readonly number: number;
  readonly bytes: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** The text of a message's field; '' where it has none. Throws a RangeError for bytes that are no message. */
export function textOf(message: Buffer, wanted: number): string {
  for (const { id, bytes } of protoFields(message)) if (id === wanted) return bytes.toString();
  return '';
}

/** The fields of a message in their order. Throws a RangeError for bytes that are no message. */
export function* protoFields(bytes: Buffer): Generator<ProtoField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 10; shift += 1) {
      const byte = bytes[at];
      if (byte === undefined) throw new RangeError('a message ends inside a number');
      at += 1;
      // Beyond 2^53 a number is not exact; no field that is read here is that large.
      value += (byte & 127) * 128 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError('a number has more than ten bytes');
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new RangeError('a field is longer than its message');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const id = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) yield { id, number: varint(), bytes: EMPTY };
    else if (wireType === 2) yield { id, number: 0, bytes: take(varint()) };
    else if (wireType === 1) yield { id, number: 0, bytes: take(8) };
    else if (wireType === 5) yield { id, number: 0, bytes: take(4) };
    else throw new RangeError(`a field has the wire type ${wireType}`);
  }
}
