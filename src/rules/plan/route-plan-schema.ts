/** The zod schema of a plan's JSON form, from which its JSON Schema is made. */
import * as z from 'zod';
import { ROUTE_PLAN_VERSION } from './route-plan.ts';

const leafName = z.enum([
  'service',
  'method',
  'paramCount',
  'argCount',
  'callerApp',
  'callerHost',
  'host',
  'port',
  'address',
  'available',
]); // prettier-ignore

const typedValue: z.ZodType = z
  .lazy(() =>
    z.union([
      z.strictObject({ t: z.literal('null') }),
      z.strictObject({
        t: z.string(),
        v: z.union([z.string(), z.boolean(), z.number(), z.array(typedValue), z.record(z.string(), typedValue)]),
      }),
    ]),
  )
  .meta({ id: 'TypedValue' });

const term: z.ZodType = z
  .lazy(() =>
    z.union([
      z.strictObject({ t: leafName }),
      z.strictObject({ t: z.enum(['paramType', 'arg']), index: z.int().min(0) }),
      z.strictObject({ t: z.enum(['attachment', 'callerParam']), key: z.string() }),
      z.strictObject({ t: z.literal('param'), key: z.string(), fallback: z.string().optional() }),
      z.strictObject({ t: z.literal('const'), value: typedValue }),
      z.strictObject({ t: z.literal('fn'), fn: z.string(), args: z.array(term) }),
    ]),
  )
  .meta({ id: 'Term' });

const planTest = z
  .union([
    z.strictObject({ op: z.literal('is'), classes: z.array(z.string()) }),
    z.strictObject({ op: z.literal('eq'), values: z.array(typedValue) }),
    z.strictObject({
      op: z.literal('range'),
      min: z.string().nullable(),
      minOpen: z.boolean(),
      max: z.string().nullable(),
      maxOpen: z.boolean(),
    }),
    z.strictObject({ op: z.enum(['prefix', 'suffix', 'contains', 'eqIgnoreCase']), text: z.string() }),
    z.strictObject({ op: z.literal('regex'), pattern: z.string(), mode: z.enum(['full', 'find']) }),
    z.strictObject({ op: z.enum(['truthy', 'defined']) }),
    z.strictObject({ op: z.literal('relation'), rel: z.string(), other: term }),
  ])
  .meta({ id: 'PlanTest' });

/** One set of providers, as JSON. */
export const predicateSchema: z.ZodType = z
  .lazy(() =>
    z.union([
      z.strictObject({ p: z.enum(['true', 'false']) }),
      z.strictObject({ p: z.literal('test'), term, test: planTest }),
      z.strictObject({ p: z.literal('glob'), term, pattern: z.string() }),
      z.strictObject({ p: z.literal('not'), of: predicateSchema }),
      z.strictObject({ p: z.enum(['and', 'or']), of: z.array(predicateSchema) }),
    ]),
  )
  .meta({ id: 'ProviderPredicate' });

/** One condition on a call, as JSON. */
export const conditionSchema = z.strictObject({ term, test: planTest });

const span = z
  .strictObject({ offset: z.int(), end: z.int(), line: z.int(), column: z.int(), endLine: z.int(), endColumn: z.int() })
  .meta({ id: 'PlanSpan' });
const note = z.strictObject({ code: z.string(), message: z.string(), span });
const text = z.string().nullable();

const outcome = z.union([
  z.strictObject({
    kind: z.literal('route'),
    choices: z.array(
      z.strictObject({ weight: z.number().positive(), chain: z.array(z.string()), otherwise: z.enum(['deny', 'all']) }),
    ),
  }),
  z.strictObject({ kind: z.literal('all'), ignored: z.string().optional() }),
  z.strictObject({ kind: z.enum(['deny', 'stale']) }),
  z.strictObject({ kind: z.literal('error'), exception: z.string() }),
  z.strictObject({ kind: z.literal('tag'), tag: text }),
  z.strictObject({ kind: z.literal('opaque'), code: z.string(), reason: z.string(), span }),
]);

/** The JSON form of a RoutePlan, for checking what is read back and for the committed JSON Schema. */
export const routePlanSchema = z.strictObject({
  schemaVersion: z.literal(ROUTE_PLAN_VERSION),
  source: z.strictObject({
    path: z.string(),
    kind: z.string(),
    form: z.string(),
    language: z.string().optional(),
    sha256: z.string(),
  }),
  scope: z.strictObject({
    providerApp: text,
    service: text,
    group: text,
    version: text,
    consumerHost: z.string().optional(),
  }),
  effect: z.strictObject({
    state: z.enum(['live', 'dead', 'broken']),
    reasons: z.array(note),
    loadedBy: z.array(z.strictObject({ engine: z.string(), loads: z.boolean(), why: z.string() })),
  }),
  groups: z.array(
    z.strictObject({
      id: z.string(),
      where: predicateSchema,
      closedWorld: z.boolean(),
      weights: z.array(z.strictObject({ where: predicateSchema, weight: z.number().positive() })).optional(),
      label: z.string(),
    }),
  ),
  rules: z.array(
    z.strictObject({
      id: z.string(),
      span,
      when: z.array(conditionSchema),
      // biome-ignore lint/suspicious/noThenProperty: the plan's own word for an outcome; plans are data, never awaited
      then: outcome,
      notes: z.array(note),
    }),
  ),
  assumptions: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.literal('no-provider'),
      where: predicateSchema,
      exception: z.string().nullable(),
      span,
      why: z.string(),
    }),
  ),
  callAssumptions: z
    .array(z.strictObject({ when: z.strictObject({ term, test: planTest }), why: z.string(), certain: z.boolean() }))
    .optional(),
  notes: z.array(note),
});

/** The JSON Schema (2020-12) of a RoutePlan. */
export function routePlanJsonSchema(): Record<string, unknown> {
  return { title: 'RoutePlan', ...z.toJSONSchema(routePlanSchema) };
}
