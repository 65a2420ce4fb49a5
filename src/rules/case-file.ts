/** The case file: providers, services, types and calls of one application, and their reader. */
import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { WeirError } from '../errors/weir-error.ts';
import { issueText } from './issue-text.ts';
import { jsonMistake } from './json-mistake.ts';
import { boxOf } from './plan/java-type.ts';
import type { TypedValue } from './plan/typed-value.ts';
import { readRegistryUrls } from './read/registry-urls.ts';

const typedValue: z.ZodType<TypedValue> = z.lazy(() =>
  z.union([
    z.strictObject({ t: z.literal('null') }),
    z.strictObject({
      t: z.string().min(1),
      v: z.union([z.string(), z.boolean(), z.number(), z.array(typedValue), z.record(z.string(), typedValue)]),
    }),
  ]),
);

const provider = z.strictObject({
  id: z.string().min(1),
  host: z.string().min(1),
  port: z.number().int().min(0).max(65_535),
  params: z.record(z.string(), z.string()).default({}),
});

const providers = z.array(provider).superRefine((list, context) => {
  const seen = new Set<string>();
  list.forEach(({ id }, index) => {
    if (seen.has(id)) {
      context.addIssue({
        code: 'custom',
        path: [index, 'id'],
        message: `another provider has the id ${JSON.stringify(id)}`,
      });
    }
    seen.add(id);
  });
});

const service = z.strictObject({
  interface: z.string().min(1),
  methods: z.array(z.strictObject({ name: z.string(), paramTypes: z.array(z.string()) })),
});

const call = z
  .object({
    service: z.string(),
    method: z.string(),
    paramTypes: z.array(z.string()).default([]),
    args: z.array(z.unknown()).default([]),
    attachments: z.record(z.string(), z.string()).default({}),
    consumer: z
      .object({
        application: z.string().optional(),
        host: z.string().optional(),
        params: z.record(z.string(), z.string()).optional(),
      })
      .default({}),
    only: z.array(z.string()).optional(),
    down: z.array(z.string()).optional(),
    expect: z.union([z.array(z.string()), z.string()]).optional(),
    expectOneOf: z
      .array(z.object({ expect: z.union([z.array(z.string()), z.string()]), share: z.number() }))
      .optional(),
    weights: z.record(z.string(), z.number()).optional(),
    cause: z.string().optional(),
  })
  .transform((read, context) => {
    const args = read.args.map((arg, index): TypedValue => {
      const parsed = typedValue.safeParse(typedOf(arg, read.paramTypes[index]));
      if (parsed.success) return parsed.data;
      context.addIssue({
        code: 'custom',
        path: ['args', index],
        message: 'an argument is a plain value, or {"t": its Java class, "v": its value as text}',
      });
      return { t: 'null' };
    });
    return { ...read, args };
  });

// A plain JSON value as the parameter takes it: 7 is a Long for `long`, else an Integer where it fits.
function typedOf(value: unknown, type: string | undefined): unknown {
  if (value === null) return { t: 'null' };
  if (typeof value === 'string') return { t: type === 'char' ? 'java.lang.Character' : 'java.lang.String', v: value };
  if (typeof value === 'boolean') return { t: 'java.lang.Boolean', v: value };
  if (typeof value === 'number') return { t: numberClass(value, type), v: String(value) };
  if (Array.isArray(value)) return { t: 'java.util.ArrayList', v: value.map((item) => typedOf(item, undefined)) };
  if (typeof value !== 'object' || 't' in value) return value;
  const fields = Object.entries(value).map(([key, item]) => [key, typedOf(item, undefined)] as const);
  return { t: type ?? 'java.util.LinkedHashMap', v: Object.fromEntries(fields) };
}

function numberClass(value: number, type: string | undefined): string {
  const declared = type === undefined ? undefined : boxOf(type);
  if (
    declared !== undefined &&
    /^java\.(?:lang\.(?:Byte|Short|Integer|Long|Float|Double)|math\.Big\w+)$/.test(declared)
  ) {
    return declared;
  }
  if (!Number.isInteger(value)) return 'java.lang.Double';
  return Math.abs(value) < 2 ** 31 ? 'java.lang.Integer' : 'java.lang.Long';
}

const javaType = z.union([
  z.strictObject({ fields: z.record(z.string(), z.string()) }),
  z.strictObject({ enum: z.array(z.string()) }),
]);

const caseFile = z.object({
  id: z.string().optional(),
  kind: z.enum(['dubbo-script', 'hsf-routing-rule', 'hsf-dpath-rule', 'condition', 'tag']).optional(),
  file: z.string().optional(),
  app: z.string().optional(),
  providers: providers.default([]),
  services: z.array(service).default([]),
  types: z.record(z.string(), javaType).default({}),
  machineGroups: z.record(z.string(), z.array(z.string())).default({}),
  load: z
    .object({ compiles: z.boolean(), compileError: z.string().optional(), loadError: z.string().optional() })
    .nullish(),
  calls: z.array(call).default([]),
  expectConvertible: z.record(z.string(), z.enum(['exact', 'noted', 'lossy', 'refused'])).optional(),
});

/** One provider of a registry snapshot. `params` is what `getUrl().getParameter` sees; `id` is our name for it. */
export type RoutingProvider = z.infer<typeof provider>;

/** One interface with its methods; `paramTypes` as `Class.getName()`. */
export type RoutingService = z.infer<typeof service>;

/** One call: what the consumer asks for, which providers are present (`only`) or unavailable (`down`), and what was recorded. */
export type RoutingCall = z.infer<typeof call>;

/** Fields of a bean class, or the constants of an enum. */
export type JavaTypeShape = z.infer<typeof javaType>;

/** Registry snapshot, services, types and calls of one application, in the format of `--case`. */
export type CaseFile = z.infer<typeof caseFile>;

/** A part of a case that has a file of its own: then a bare list will do. */
export type CasePart = 'providers' | 'services' | 'calls';

/**
 * Parses the text of a case file; `file` is for the message. For one part the text may be the list alone. Calls may be
 * one JSON document a line, and providers a list of URLs as a registry holds them.
 * @throws WeirError WEIR5001, with line and column, when it is no JSON, misses a field or has one too many.
 */
export function parseCaseFile(raw: string, file: string, part?: CasePart): CaseFile {
  const text = raw.charCodeAt(0) === 0xfeff ? raw.slice(1) : raw;
  if (part === 'providers') {
    const urls = readRegistryUrls(text);
    if (urls !== null) return accepted({ providers: urls }, text, file, part);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const lines = part === 'calls' ? jsonLines(text, file) : null;
    if (lines !== null) return accepted({ calls: lines }, text, file, part);
    throw unreadableCase(file, `it is not JSON: ${(cause as Error).message}`, placeOfSyntax(text), cause);
  }
  if (part !== undefined && Array.isArray(json)) return accepted({ [part]: json }, text, file, part);
  const isOneCall =
    part === 'calls' && typeof json === 'object' && json !== null && !('calls' in json) && 'method' in json;
  return accepted(isOneCall ? { calls: [json] } : json, text, file, isOneCall ? part : undefined);
}

/** Reads one call, an element of the `calls` of a case; `file` is for the message. Throws WEIR5001 for what is none. */
export function parseCall(text: string, file: string): RoutingCall {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw noCall(file, `it is not JSON: ${(cause as Error).message}`, placeOfSyntax(text), cause);
  }
  const parsed = call.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).map((key) => (typeof key === 'symbol' ? String(key) : key));
  throw noCall(file, issueText(issue), placeOfPath(text, path, false), parsed.error);
}

function noCall(file: string, why: string, { line, column }: Place, cause: unknown): WeirError {
  return new WeirError('WEIR5001', {
    what: `${file} holds no call`,
    why,
    hint: 'write {"service": "com.acme.Price", "method": "quote"}; paramTypes, args, attachments and consumer may be added',
    location: { file, line, column },
    cause,
  });
}

function accepted(json: unknown, text: string, file: string, wrapped: CasePart | undefined): CaseFile {
  const parsed = caseFile.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = (issue?.path ?? []).map((key) => (typeof key === 'symbol' ? String(key) : key));
  const extra = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const inText = wrapped === undefined ? path : path.slice(1);
  const place = placeOfPath(text, extra === undefined ? inText : [...inText, extra], extra !== undefined);
  const why =
    extra === undefined
      ? issueText(issue)
      : `${path.join('.') || 'the document'}: there is no field ${JSON.stringify(extra)}`;
  throw unreadableCase(file, why, place, parsed.error);
}

// One JSON document a line; null where the first line is none.
function jsonLines(text: string, file: string): unknown[] | null {
  const lines = text.split('\n');
  const calls: unknown[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    try {
      calls.push(JSON.parse(line));
    } catch (cause) {
      if (calls.length === 0) return null;
      const place = { line: index + 1, column: placeOfSyntax(line).column };
      throw unreadableCase(file, `it is not JSON: ${(cause as Error).message}`, place, cause);
    }
  }
  return calls;
}

interface Place {
  readonly line: number;
  readonly column: number;
}

function placeOfSyntax(text: string): Place {
  const before = text.slice(0, jsonMistake(text));
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

// JSON is YAML: its reader knows where each node lies. What is missing is placed at what should hold it.
function placeOfPath(text: string, path: readonly (string | number)[], isKey: boolean): Place {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  for (let length = path.length; length >= 0; length -= 1) {
    const at = path.slice(0, length);
    const parent = document.getIn(at.slice(0, -1), true);
    const key = at.at(-1);
    const pair =
      isMap(parent) && isKey ? parent.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
    const node = isScalar(pair?.key) ? pair.key : document.getIn(at, true);
    if (isNode(node) && node.range) {
      const { line, col } = lines.linePos(node.range[0]);
      return { line, column: col };
    }
  }
  return { line: 1, column: 1 };
}

function unreadableCase(file: string, why: string, { line, column }: Place, cause: unknown): WeirError {
  return new WeirError('WEIR5001', {
    what: `The case file ${file} cannot be used`,
    why,
    hint: 'It needs `providers`, `services` and `calls`; providers are {id, host, port, params} or dubbo:// URLs. `weir help WEIR5001` describes them.',
    location: { file, line, column },
    cause,
  });
}
