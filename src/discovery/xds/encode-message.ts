/** Writes Envoy's messages from their JSON form as protobuf bytes, by the table of their fields. */
import { type FieldKind, MESSAGES } from './message-fields.ts';
import { ProtoWriter } from './proto-writer.ts';

type JsonMessage = Readonly<Record<string, unknown>>;

/**
 * The bytes of a message in its JSON form with the field names of proto files. Throws a TypeError for a message or field
 * that is not in the table: nothing is left out silently. Fields are written in the order of the object, maps sorted.
 */
export function encodeMessage(name: string, json: object): Buffer {
  const writer = new ProtoWriter();
  writeFields(writer, name, json as JsonMessage);
  return writer.bytes();
}

/** The elements of a list of messages as bytes, with the number of the field that holds them. */
export class EncodedList {
  readonly bytes: Buffer;
  #key: string | null = null;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The same for the same bytes. */
  get key(): string {
    this.#key ??= this.bytes.toString('latin1');
    return this.#key;
  }
}

/** Encodes elements of a field of a message, to be put into it later. Lists of one field can be joined. */
export function encodeList(name: string, key: string, items: readonly object[]): EncodedList {
  return new EncodedList(encodeMessage(name, { [key]: items }));
}

/** Several lists of one field as one. */
export function joinLists(lists: readonly EncodedList[]): EncodedList {
  return new EncodedList(Buffer.concat(lists.map(({ bytes }) => bytes)));
}

function writeFields(writer: ProtoWriter, name: string, json: JsonMessage): void {
  const fields = MESSAGES[name];
  if (fields === undefined) throw new TypeError(`there is no message ${name} in the table`);
  for (const key of Object.keys(json)) {
    const value = json[key];
    if (key === '@type' || value === undefined) continue;
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) throw new TypeError(`${name} has no field ${key} in the table`);
    const values = field.isList && Array.isArray(value) ? value : [value];
    for (const one of values) writeValue(writer, field.id, field.kind, one, `${name}.${key}`);
  }
}

function writeValue(writer: ProtoWriter, id: number, kind: FieldKind, value: unknown, place: string): ProtoWriter {
  // What the JSON says explicitly is written, also 0 and '': a field of a oneof is there by it.
  if (kind === 'string') return writer.entry(id, requireText(value, place));
  if (kind === 'bool') return writer.explicit(id, value === true ? 1 : 0);
  if (kind === 'uint32') return writer.explicit(id, requireNumber(value, place));
  if (kind === 'duration') return writeDuration(writer, id, requireText(value, place), place);
  if (kind === 'any') return writeAny(writer, id, requireMessage(value, place), place);
  if ('names' in kind) return writer.explicit(id, requireNumber(kind.names[requireText(value, place)], place));
  // What is there as bytes already was encoded by `encodeList`.
  if (value instanceof EncodedList) return writer.raw(value.bytes);
  if ('message' in kind) {
    const message = requireMessage(value, place);
    return writer.message(id, () => writeFields(writer, kind.message, message));
  }
  if ('wrapped' in kind) {
    const number = kind.wrapped === 'bool' ? Number(value === true) : requireNumber(value, place);
    return writer.message(id, () => writer.number(1, number));
  }
  // Sorted, so that the same content has the same bytes, and so the same version.
  for (const [key, item] of Object.entries(requireMessage(value, place)).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    writer.message(id, () => writeValue(writer.string(1, key), 2, kind.mapOf, item, place));
  }
  return writer;
}

/** google.protobuf.Any: the type's URL and the message's bytes. */
function writeAny(writer: ProtoWriter, id: number, json: JsonMessage, place: string): ProtoWriter {
  const url = requireText(json['@type'], `${place}.@type`);
  return writer.message(id, () => {
    writer.string(1, url);
    writer.message(2, () => writeFields(writer, url.slice(url.lastIndexOf('/') + 1), json));
  });
}

/** google.protobuf.Duration from `1s` or `0.25s`. */
function writeDuration(writer: ProtoWriter, id: number, text: string, place: string): ProtoWriter {
  const match = /^(\d+)(?:\.(\d{1,9}))?s$/.exec(text);
  if (match === null) throw new TypeError(`${place} is no duration: ${text}`);
  const [seconds, nanoseconds] = [Number(match[1]), Number((match[2] ?? '').padEnd(9, '0'))];
  return writer.message(id, () => writer.number(1, seconds).number(2, nanoseconds));
}

function requireText(value: unknown, place: string): string {
  if (typeof value !== 'string') throw new TypeError(`${place} is no text: ${JSON.stringify(value)}`);
  return value;
}

function requireNumber(value: unknown, place: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    throw new TypeError(`${place} is no number of 32 bits: ${JSON.stringify(value)}`);
  return value;
}

function requireMessage(value: unknown, place: string): JsonMessage {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${place} is no message`);
  return value as JsonMessage;
}
