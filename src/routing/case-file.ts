import * as z from 'zod';
import { WeirError } from '../errors/weir-error.ts';
import type { TypedValue } from './typed-value.ts';

const typedValue: z.ZodType<TypedValue> = z.lazy(() =>
  z.union([
    z.strictObject({ t: z.literal('null') }),
    z.strictObject({
      t: z.string().min(1),
      v: z.union([z.string(), z.boolean(), z.number(), z.array(typedValue), z.record(z.string(), typedValue)]),
    }),
  ]),
);

const provider = z.object({
  id: z.string().min(1),
  host: z.string().min(1),
  port: z.number().int().min(0).max(65_535),
  params: z.record(z.string(), z.string()).default({}),
});

const service = z.object({
  interface: z.string().min(1),
  methods: z.array(z.object({ name: z.string(), paramTypes: z.array(z.string()) })),
});

const call = z.object({
  service: z.string(),
  method: z.string(),
  paramTypes: z.array(z.string()).default([]),
  args: z.array(typedValue).default([]),
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
  expectOneOf: z.array(z.object({ expect: z.union([z.array(z.string()), z.string()]), share: z.number() })).optional(),
  weights: z.record(z.string(), z.number()).optional(),
  cause: z.string().optional(),
});

const javaType = z.union([
  z.strictObject({ fields: z.record(z.string(), z.string()) }),
  z.strictObject({ enum: z.array(z.string()) }),
]);

const caseFile = z.object({
  id: z.string().optional(),
  kind: z.enum(['dubbo-script', 'hsf-routing-rule', 'hsf-dpath-rule', 'condition', 'tag']).optional(),
  file: z.string().optional(),
  app: z.string().optional(),
  providers: z.array(provider).default([]),
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

/**
 * Parses the text of a case file; `file` is for the message.
 * @throws WeirError WEIR5001 when it is no JSON or misses a field.
 */
export function parseCaseFile(text: string, file: string): CaseFile {
  let json: unknown;
  try {
    json = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (cause) {
    throw unreadableCase(file, `it is not JSON: ${(cause as Error).message}`, cause);
  }
  const parsed = caseFile.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unreadableCase(
    file,
    `${issue?.path.join('.') || 'the document'}: ${issue?.message ?? 'not accepted'}`,
    parsed.error,
  );
}

function unreadableCase(file: string, why: string, cause: unknown): WeirError {
  return new WeirError('WEIR5001', {
    what: `The case file ${file} cannot be used.`,
    why,
    hint: 'It needs `providers`, `services` and `calls` as in test/fixtures/groovy/*/case.json; `weir help WEIR5001` describes them.',
    location: { file, line: 1, column: 1 },
    cause,
  });
}
