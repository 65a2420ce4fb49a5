/** Readers of single values of mesh.yaml. */
import { BYTE_SIZE_FORM, parseByteSize } from '../../platform/byte-size.ts';
import { DURATION_FORM, formatDuration, parseDuration } from '../../platform/duration.ts';
import { quoteValue, type ReadValue, refuseValue } from './field-value.ts';

/** The only apiVersion so far. */
export const MESH_API_VERSION = 'weir.dev/v1';

/** `apiVersion`: says which meaning the rest of the file has. */
export function readApiVersion(value: unknown): ReadValue<string> {
  if (value === MESH_API_VERSION) return { value: MESH_API_VERSION };
  const why = `this weir reads ${MESH_API_VERSION} only`;
  return refuseValue(`${quoteValue(value)} is not a known apiVersion`, why, `write apiVersion: ${MESH_API_VERSION}`);
}

/** A reader of durations from `minMs` to `maxMs`; the value is in ms. */
export function durationReader(minMs: number, maxMs: number): (value: unknown) => ReadValue<number> {
  return (value) => {
    const refuse = (why: string, hint: string) => refuseValue(`${quoteValue(value)} is not a duration here`, why, hint);
    const example = `write for example ${formatDuration(maxMs >= 15_000 ? 15_000 : minMs)}`;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) {
      const meant = [`${value}s`, `${value}ms`].filter((text) => {
        const ms = parseDuration(text);
        return ms !== null && ms >= minMs && ms <= maxMs;
      });
      return refuse('its unit is missing', meant.length > 0 ? `write ${meant.join(' or ')}` : example);
    }
    const ms = typeof value === 'string' ? parseDuration(value) : null;
    if (ms === null) return refuse(`a duration is ${DURATION_FORM}`, example);
    if (ms < minMs)
      return refuse(
        `the shortest that makes sense is ${formatDuration(minMs)}`,
        `write ${formatDuration(minMs)} or more`,
      );
    if (ms > maxMs) return refuse(`the longest is ${formatDuration(maxMs)}`, `write ${formatDuration(maxMs)} or less`);
    return { value: ms };
  };
}

/** Reads a size in bytes such as `200MiB`. */
export function readByteSize(value: unknown): ReadValue<number> {
  const bytes = typeof value === 'string' ? parseByteSize(value) : null;
  if (bytes !== null) return { value: bytes };
  return refuseValue(`${quoteValue(value)} is not a size`, `a size is ${BYTE_SIZE_FORM}`, 'write for example 200MiB');
}

/** A reader of whole numbers from `min` to `max`; `noun` names them in messages. */
export function integerReader(noun: string, min: number, max: number): (value: unknown) => ReadValue<number> {
  return (value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return { value };
    return refuseValue(
      `${quoteValue(value)} is not ${noun}`,
      `it is a whole number from ${min} to ${max}`,
      `write for example ${min}`,
    );
  };
}

/** A reader of one of a few words. */
export function choiceReader<const T extends string>(choices: readonly T[]): (value: unknown) => ReadValue<T> {
  return (value) => {
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return { value: found };
    const list = choices.join(' or ');
    return refuseValue(`${quoteValue(value)} is not accepted`, `it is ${list}`, `write ${list}`);
  };
}

/** `select: {all: true}`. */
export function readTrue(value: unknown): ReadValue<true> {
  if (value === true) return { value: true };
  return refuseValue(
    `${quoteValue(value)} is not accepted`,
    'all takes the value true only',
    'write all: true, or select by user, group or slice',
  );
}

/** The path of a file: absolute, since systemd and a shell start weir in different folders. */
export function readAbsolutePath(value: unknown): ReadValue<string> {
  const refuse = (why: string, hint: string) => refuseValue(`${quoteValue(value)} is not a path`, why, hint);
  if (typeof value !== 'string' || value === '') return refuse('it is not a text', 'write the absolute path of a file');
  if (!value.startsWith('/'))
    return refuse('it is not absolute, and weir may be started in any folder', 'begin it with a slash');
  if (/\p{Cc}/u.test(value)) return refuse('it has a control character', 'take the character out');
  return { value };
}

/** The readiness path of the admin interface. */
export function readReadyPath(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && /^\/[\x21-\x7e]*$/.test(value)) return { value };
  return refuseValue(
    `${quoteValue(value)} is not the path of a request`,
    'it begins with a slash and has no spaces',
    'write for example /ready',
  );
}

/** An http or https URL without user and password. */
export function readHttpUrl(value: unknown): ReadValue<string> {
  const refuse = (why: string) =>
    refuseValue(`${quoteValue(value)} is not a URL`, why, 'write for example http://127.0.0.1:9000/sdk/drain');
  if (typeof value !== 'string' || !URL.canParse(value)) return refuse('it is not of the form http://HOST:PORT/PATH');
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return refuse('it begins neither with http:// nor with https://');
  if (url.username !== '' || url.password !== '') return refuse('user and password do not belong into this file');
  return { value: url.href };
}

/** One argument of a program. NUL ends an argument for execve(2), so none may hold it. */
export function readArgument(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && !value.includes('\0')) return { value };
  return refuseValue(`${quoteValue(value)} is not an argument`, 'each argument is a text', 'put it into quotes');
}

/** The name of a sidecar, as an app refers to it; whether there is one of that name is checked elsewhere. */
export function readName(value: unknown): ReadValue<string> {
  if (typeof value === 'string' && value !== '') return { value };
  const hint = typeof value === 'number' ? `put it into quotes: "${value}"` : 'write the name of a sidecar';
  return refuseValue(`${quoteValue(value)} is not a name`, 'a name is a text', hint);
}
