/** Documents that cross a process or a disk: each kind has a schema and a version, and one from a later weir is told apart. */
import type * as z from 'zod/mini';
import type { ExitCode } from '../errors/exit-codes.ts';
import { WeirError } from '../errors/weir-error.ts';

/** The place of a document's version; documents of a weir from before versions have none. */
const VERSION_FIELD = 'schemaVersion';

/** One kind of document. */
export interface RecordKind<T> {
  /** How messages name it, without an article: `launch record`. */
  readonly name: string;
  /**
   * Written into each document, and the highest that is read. It is the oldest reader that understands the document: a
   * field that may be missed does not raise it (decision 0015).
   */
  readonly version: number;
  readonly schema: z.ZodMiniType<T>;
  /** The field that holds the version where it is not `schemaVersion`. */
  readonly versionField?: string;
  /** Replaces the exit code of a document that cannot be read. */
  readonly exit?: ExitCode;
}

/** What the errors of a kind say. */
type Named = Pick<RecordKind<unknown>, 'name' | 'version' | 'exit'>;

/** A kind whose schema takes longer to load than most of its documents to read: those need none. */
export interface OwnKind<T> extends Omit<RecordKind<T>, 'schema'> {
  /** Reads a text that this build of weir wrote itself without the schema; null for any other. Never throws. */
  readonly own: (text: string) => T | null;
  /** Loads the schema, for any other text. */
  readonly schema: () => Promise<RecordKind<T>['schema']>;
}

/** The result of reading a document. */
export type RecordReading<T> =
  | { readonly state: 'read'; readonly value: T }
  | { readonly state: 'newer'; readonly version: number }
  | { readonly state: 'damaged'; readonly why: string };

/** Reads parsed JSON. The version is looked at before anything else, since a later form may be any other. */
export function readValue<T>(kind: RecordKind<T>, value: unknown): RecordReading<T> {
  const { version, schema, name, versionField = VERSION_FIELD } = kind;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { state: 'damaged', why: `it is no ${name}: not a JSON object` };
  }
  const found: unknown = Reflect.get(value, versionField) ?? 0;
  if (typeof found !== 'number' || !Number.isInteger(found) || found < 0) {
    return { state: 'damaged', why: `it is no ${name}: ${versionField} is ${JSON.stringify(found)}` };
  }
  if (found > version) return { state: 'newer', version: found };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { state: 'read', value: parsed.data };
  const [issue] = parsed.error.issues;
  const place = issue?.path.join('.') || 'the document';
  return { state: 'damaged', why: `it is no ${name}: ${place}: ${issue?.message ?? 'not understood'}` };
}

/** Reads a JSON text; half a one, as a crash or a full disk leaves it, is damaged. */
export function readText<T>(kind: RecordKind<T>, text: string): RecordReading<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { state: 'damaged', why: error instanceof Error ? error.message : String(error) };
  }
  return readValue(kind, value);
}

/** The same for a kind whose schema is loaded when a text needs it. */
export async function readOwnText<T>(kind: OwnKind<T>, text: string): Promise<RecordReading<T>> {
  const own = kind.own(text);
  return own === null ? readText({ ...kind, schema: await kind.schema() }, text) : { state: 'read', value: own };
}

/** The value, or the error for what it is instead: WEIR2025 when newer, WEIR2026 when damaged. `place` names the document. */
export function requireRecord<T>(kind: Named, place: string, reading: RecordReading<T>): T {
  if (reading.state === 'read') return reading.value;
  throw reading.state === 'newer' ? newerRecord(kind, place, reading.version) : damagedRecord(kind, place, reading.why);
}

/** The document with its version, to be written as JSON. */
export function recordDocument<T extends object>(kind: Pick<RecordKind<T>, 'version' | 'versionField'>, value: T): T {
  return { [kind.versionField ?? VERSION_FIELD]: kind.version, ...value };
}

/** The document as JSON on one line, with its version. */
export function recordText<T extends object>(kind: RecordKind<T>, value: T): string {
  return JSON.stringify(recordDocument(kind, value));
}

/** The error for a document that a later weir wrote (WEIR2025). */
export function newerRecord({ name, version, exit }: Named, place: string, found: number): WeirError {
  return new WeirError('WEIR2025', {
    what: `${place} was written by a newer weir`,
    why: `this ${name} has version ${found}, and this weir reads versions up to ${version}`,
    hint: 'use the newer weir for it, or upgrade this one; it was left as it is',
    details: { record: name, version: found, readsUpTo: version },
    ...(exit === undefined ? {} : { exit }),
  });
}

/** The error for a document that nobody can read (WEIR2026). */
export function damagedRecord({ name, exit }: Named, place: string, why: string): WeirError {
  return new WeirError('WEIR2026', {
    what: `${place} cannot be read as a ${name}`,
    why,
    hint: 'it was left as it is: see what wrote it, and move it away if it is of no use',
    ...(exit === undefined ? {} : { exit }),
  });
}
