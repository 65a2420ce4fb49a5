/** Translates zod's issues into problems with weir's words. */
import type * as z from 'zod/mini';
import { nearestWord } from '../nearest-word.ts';
import type { ConfigPath } from './config-problem.ts';
import { quoteValue } from './field-value.ts';
import type { ProblemList } from './problem-list.ts';
import { FIELD_NOTES, faultOfIssue } from './schema-field.ts';

type Schema = z.core.$ZodType;
type Issue = z.core.$ZodIssue;

/** Adds what zod found wrong to the problems, in weir's words. `root` is the schema and `value` the data of the file. */
export function explainIssue(issue: Issue, root: Schema, value: unknown, problems: ProblemList): void {
  const path = issue.path as ConfigPath;
  const parent = path.slice(0, -1);
  const input = valueAt(value, path);
  const fault = faultOfIssue(issue);
  const accepts = acceptsAt(root, path);
  // The order matters: a missing or empty value is told as such, whatever its reader would say about it.
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) explainUnknownKey(key, path, root, problems);
  } else if (!problems.has(path) && path.length > 0) {
    const key = String(path.at(-1));
    problems.atKey(parent, {
      what: `${key} is missing`,
      why: 'it has no default',
      hint: `add ${key}: it takes ${accepts}`,
    });
  } else if (input === null) {
    const hint = `write ${accepts}, or take the ${typeof path.at(-1) === 'number' ? 'item' : 'key'} out`;
    problems.atValue(path, { what: 'there is no value', why: 'an empty value could mean none or all', hint });
  } else if (fault !== undefined) {
    problems.atValue(path, fault);
  } else if (issue.code === 'invalid_union') {
    explainUnion(issue, path, root, value, problems);
  } else if (issue.code === 'too_small') {
    const hint = 'add an item, or take the key out';
    problems.atValue(path, { what: 'the list is empty', why: 'it could mean none or all', hint });
  } else {
    problems.atValue(path, {
      what: `${quoteValue(input)} is not accepted`,
      why: `it takes ${accepts}`,
      hint: hintFor(input, issue, accepts),
    });
  }
}

/** A union of mesh.yaml is `false` or a map: what is wrong inside the map is what counts if there is one. */
function explainUnion(
  issue: Issue & { code: 'invalid_union' },
  path: ConfigPath,
  root: Schema,
  value: unknown,
  problems: ProblemList,
): void {
  const input = valueAt(value, path);
  const inner = issue.errors.at(-1) ?? [];
  if (typeof input === 'object' && !Array.isArray(input)) {
    for (const one of inner) explainIssue({ ...one, path: [...path, ...one.path] }, root, value, problems);
    return;
  }
  const accepts = acceptsAt(root, path);
  const hint = input === true ? 'write {} for every port' : `write ${accepts}`;
  problems.atValue(path, { what: `${quoteValue(input)} is not accepted`, why: `it takes ${accepts}`, hint });
}

/** zod reports all unknown keys of a map at once; each has a place of its own. */
function explainUnknownKey(key: string, parent: ConfigPath, root: Schema, problems: ProblemList): void {
  const keys = keysAt(root, parent);
  const near = key === '<<' ? null : nearestWord(key, keys);
  problems.add(parent, problems.spanOfKey([...parent, key]), {
    what: `${quoteValue(key)} is not a key here`,
    why: key === '<<' ? 'merge keys are not part of YAML 1.2' : `the keys here are ${keys.join(', ')}`,
    hint: near === null ? 'take the key out' : `did you mean ${near}?`,
  });
}

/** The commonest slip has its own hint: one value where a list is wanted. */
function hintFor(input: unknown, issue: Issue, accepts: string): string {
  const wantsList = issue.code === 'invalid_type' && issue.expected === 'array';
  if (wantsList && (typeof input === 'string' || typeof input === 'number')) return `write [${input}]`;
  return `write ${accepts}`;
}

/** Own keys only: `constructor` in a path is a key of the file. */
function valueAt(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined,
    value,
  );
}

/** The schema that governs a path; undefined below an unknown key. */
function schemaAt(root: Schema, path: ConfigPath): Schema | undefined {
  return path.reduce<Schema | undefined>((at, part) => {
    const def = at === undefined ? undefined : definition(at);
    if (def?.type === 'object') return def.shape[part];
    if (def?.type === 'record') return def.valueType;
    return def?.type === 'array' ? def.element : undefined;
  }, root);
}

/** The definition below optional, default and union wrappers (of a union: its last option, the map). */
function definition(schema: Schema): z.core.$ZodTypes['_zod']['def'] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === 'optional' || def.type === 'prefault') return definition(def.innerType);
  const lastOption = def.type === 'union' ? def.options.at(-1) : undefined;
  return lastOption === undefined ? def : definition(lastOption);
}

function keysAt(root: Schema, path: ConfigPath): readonly string[] {
  const schema = schemaAt(root, path);
  const def = schema === undefined ? undefined : definition(schema);
  return def?.type === 'object' ? Object.keys(def.shape) : [];
}

/** The notes stand on the schema itself or below its optional and default wrappers. */
function acceptsAt(root: Schema, path: ConfigPath): string {
  let schema = schemaAt(root, path);
  while (schema !== undefined) {
    const notes = FIELD_NOTES.get(schema);
    if (notes !== undefined) return notes.accepts;
    const { def } = (schema as z.core.$ZodTypes)._zod;
    schema = def.type === 'optional' || def.type === 'prefault' ? def.innerType : undefined;
  }
  return 'another value';
}
