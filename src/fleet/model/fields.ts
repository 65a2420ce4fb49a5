/** Field builders of the schemas of fleet.yaml and of fleet objects. */
import * as z from 'zod/mini';
import { quoteValue, type ReadValue, refuseValue } from '../../mesh/yaml/field-value.ts';
import { choiceReader, durationReader, integerReader, readAbsolutePath } from '../../mesh/yaml/scalar-readers.ts';
import { noteField, scalarField } from '../../mesh/yaml/schema-field.ts';
import { DURATION_PATTERN } from '../../platform/duration.ts';

/** Names of regions, objects, applications and sidecars: they end up in keys, paths and shell arguments. */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';
/** Names of hosts are as long as DNS lets them be. */
const HOST_NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$';
/** An instant: RFC 3339, with its offset. */
const TIME_PATTERN = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$';

/** A name by `NAME_PATTERN`. */
export const nameField = (description: string) => text(description, 'a name', readFleetName, NAME_PATTERN);

/** A name of a host: it is the end of a key. */
export const hostNameField = (description: string) => text(description, 'a host name', readHostName, HOST_NAME_PATTERN);

/** Any text on one line. */
export const lineField = (description: string) => text(description, 'a text on one line', readLine, '^[^\\n\\r]+$');

/** A path that does not depend on a working directory. */
export const pathField = (description: string) => text(description, 'an absolute path', readAbsolutePath, '^/');

/** A whole number from `min` to `max`. */
export const integerField = (description: string, min: number, max: number) =>
  scalarField(integerReader('a number here', min, max), {
    description,
    accepts: `a whole number from ${min} to ${max}`,
    json: { type: 'integer', minimum: min, maximum: max },
  });

/** A number, whole or not, from `min` to `max`. */
export const numberField = (description: string, min: number, max: number) =>
  scalarField((value) => readNumber(value, min, max), {
    description,
    accepts: `a number from ${min} to ${max}`,
    json: { type: 'number', minimum: min, maximum: max },
  });

/** One of a few words. */
export const choiceField = <const T extends string>(description: string, choices: readonly T[]) =>
  scalarField(choiceReader(choices), {
    description,
    accepts: choices.join(' or '),
    json: { type: 'string', enum: choices },
  });

/** A duration; the value is in milliseconds. */
export const durationField = (description: string, minMs: number, maxMs: number) =>
  scalarField(durationReader(minMs, maxMs), {
    description,
    accepts: 'a duration such as 15s or 10m',
    json: { type: 'string', pattern: DURATION_PATTERN },
  });

/** A text that `read` judges, and whose form `pattern` describes for editors. */
export function text<T>(description: string, accepts: string, read: (value: unknown) => ReadValue<T>, pattern: string) {
  return scalarField(read, { description, accepts, json: { type: 'string', pattern } });
}

/** A list of at least one item. */
export const listField = <S extends z.core.$ZodType>(description: string, accepts: string, item: S) =>
  noteField(z.array(item).check(z.minLength(1)), { description, accepts });

/** A map of labels: texts under texts. */
export const labelsField = (description: string) =>
  noteField(z.record(z.string(), lineField('The value of a label.')), {
    description,
    accepts: 'a map such as {unit: u1}',
  });

/** Reads a name by `NAME_PATTERN`. */
export function readFleetName(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && new RegExp(NAME_PATTERN).test(value)) return { value };
  const hint =
    typeof value === 'number' ? `put it into quotes: "${value}"` : 'take letters, digits, dots, dashes and underscores';
  return refuseValue(
    `${quoteValue(value)} is not a name`,
    'a name begins with a letter or a digit and has at most 63 characters',
    hint,
  );
}

function readHostName(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && new RegExp(HOST_NAME_PATTERN).test(value)) return { value };
  const hint =
    typeof value === 'number' ? `put it into quotes: "${value}"` : 'take letters, digits, dots, dashes and underscores';
  return refuseValue(`${quoteValue(value)} is not a host name`, 'it is a part of the keys in the store', hint);
}

/** Reads an instant in RFC 3339; the value is the text as written. */
export function readTime(value: unknown): ReadValue<string> {
  const isTime = typeof value === 'string' && new RegExp(TIME_PATTERN).test(value) && !Number.isNaN(Date.parse(value));
  if (isTime) return { value };
  return refuseValue(
    `${quoteValue(value)} is not a time`,
    'a time is RFC 3339 with its offset',
    'write for example 2030-01-01T00:00:00Z',
  );
}

/** An instant, as text. */
export const timeField = (description: string) =>
  text(description, 'a time such as 2030-01-01T00:00:00Z', readTime, TIME_PATTERN);

function readLine(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && /^[^\p{Cc}]+$/u.test(value)) return { value };
  const hint =
    typeof value === 'number' || typeof value === 'boolean' ? `put it into quotes: "${value}"` : 'write a text';
  return refuseValue(`${quoteValue(value)} is not a text`, 'it is one line without control characters', hint);
}

function readNumber(value: unknown, min: number, max: number): ReadValue<number> {
  if (typeof value === 'number' && value >= min && value <= max) return { value };
  return refuseValue(
    `${quoteValue(value)} is not accepted`,
    `it is a number from ${min} to ${max}`,
    `write for example ${min}`,
  );
}
