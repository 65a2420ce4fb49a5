/** The document of the target envoy: what weir's agent turns into routes and clusters of Envoy's generic_proxy. */
import { parseDocument } from 'yaml';
import * as z from 'zod';
import type { CallLeaf } from '../../plan/plan-term.ts';
import type { PlanCondition, ProviderPredicate } from '../../plan/route-plan.ts';
import { conditionSchema, predicateSchema } from '../../plan/route-plan-schema.ts';
import type { EnvoyTest, EnvoyText } from './envoy-test.ts';

/** The `apiVersion` and `kind` of the document. */
export const ENVOY_RULES = { apiVersion: 'weir.dev/v1', kind: 'EnvoyRules' } as const;

/** Providers that a choice may name. */
export interface EnvoyGroup {
  readonly name: string;
  /** Asked about the registered parameters of each provider. */
  readonly select: ProviderPredicate;
  /** The first that holds gives a provider's weight inside the group, default 1. */
  readonly weights?: readonly { readonly where: ProviderPredicate; readonly weight: number }[];
}

/** Where calls go: a choice by weight, then the first group of its chain with a present provider, then `otherwise`. */
export interface EnvoyOutcome {
  readonly name: string;
  readonly choices: readonly {
    readonly weight: number;
    readonly chain: readonly string[];
    readonly otherwise: 'all' | 'deny';
  }[];
}

/** What a route says of one argument, or of the types and number of all; see `ArgumentTest`. */
export interface EnvoyArgument {
  readonly leaf: CallLeaf;
  readonly holds?: EnvoyTest;
  readonly unknown?: EnvoyTest;
}

/** A route: the first whose parts all hold decides. */
export interface EnvoyRoute {
  /** The rule; `...-refused` leaves its calls at the address that the consumer picked. */
  readonly name: string;
  /** The line of the script. */
  readonly line: number;
  /** Asked about the service and the caller, which are known where the routes are made. */
  readonly facts: readonly PlanCondition[];
  /** Each reads the method or one attachment. */
  readonly match: readonly EnvoyTest[];
  /** Only calls that passed the consumer Filter can be told; others stay at the picked address. */
  readonly arguments: readonly EnvoyArgument[];
  /** Absent for a refused route. */
  readonly outcome?: string;
}

/** All of one script. */
export interface EnvoyRules {
  readonly app: string | null;
  readonly service: string | null;
  readonly group: string | null;
  readonly version: string | null;
  /** The one consumer host for which the script is. */
  readonly consumerHost: string | null;
  readonly groups: readonly EnvoyGroup[];
  readonly outcomes: readonly EnvoyOutcome[];
  readonly routes: readonly EnvoyRoute[];
}

const decimal = z.string().regex(/^-?\d+(?:\.\d+)?$/);
const text: z.ZodType<EnvoyText> = z.union([
  z.strictObject({ in: z.array(z.string()).min(1) }),
  z.strictObject({ prefix: z.string().min(1) }),
  z.strictObject({ suffix: z.string().min(1) }),
  z.strictObject({ contains: z.string().min(1) }),
  z.strictObject({ regex: z.string() }),
  z.strictObject({ present: z.literal(true) }),
  z.strictObject({
    number: z.strictObject({
      min: decimal.nullable(),
      minOpen: z.boolean(),
      max: decimal.nullable(),
      maxOpen: z.boolean(),
    }),
  }),
  z.strictObject({
    residue: z.strictObject({
      modulus: z.string().regex(/^[1-9]\d{0,12}$/),
      spans: z.array(z.tuple([z.string().regex(/^-?\d+$/), z.string().regex(/^-?\d+$/)])).min(1),
    }),
  }),
]);
const envoyTest: z.ZodType<EnvoyTest> = z.lazy(() =>
  z.union([
    z.strictObject({ method: text }),
    z.strictObject({ attachment: z.string().min(1), text }),
    z.strictObject({ all: z.array(envoyTest).min(1) }),
    z.strictObject({ any: z.array(envoyTest).min(1) }),
    z.strictObject({ not: envoyTest }),
  ]),
);
const predicate = z.custom<ProviderPredicate>((value) => predicateSchema.safeParse(value).success);
const condition = z.custom<PlanCondition>((value) => conditionSchema.safeParse(value).success);
const leaf = z.union([
  z.strictObject({ t: z.enum(['arg', 'paramType']), index: z.int().min(0) }),
  z.strictObject({ t: z.enum(['paramCount', 'argCount']) }),
]);
const name = z.string().min(1);
const optional = z.string().nullable().default(null);

const document = z.strictObject({
  apiVersion: z.literal(ENVOY_RULES.apiVersion),
  kind: z.literal(ENVOY_RULES.kind),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({
    app: optional,
    service: optional,
    group: optional,
    version: optional,
    consumerHost: optional,
    groups: z
      .array(
        z.strictObject({
          name,
          select: predicate,
          weights: z.array(z.strictObject({ where: predicate, weight: z.number().positive() })).exactOptional(),
        }),
      )
      .default([]),
    outcomes: z
      .array(
        z.strictObject({
          name,
          choices: z
            .array(
              z.strictObject({
                weight: z.number().positive(),
                chain: z.array(name).default([]),
                otherwise: z.enum(['all', 'deny']),
              }),
            )
            .min(1),
        }),
      )
      .default([]),
    routes: z
      .array(
        z.strictObject({
          name,
          line: z.int().min(1).default(1),
          facts: z.array(condition).default([]),
          match: z.array(envoyTest).default([]),
          arguments: z
            .array(z.strictObject({ leaf, holds: envoyTest.exactOptional(), unknown: envoyTest.exactOptional() }))
            .default([]),
          outcome: name.exactOptional(),
        }),
      )
      .min(1),
  }),
});

/** Reads the document. Throws Error with the place and reason for a text that is none. */
export function readEnvoyRules(source: string): EnvoyRules {
  const parsed = parseDocument(source, { prettyErrors: false });
  const [broken] = parsed.errors;
  if (broken !== undefined) throw new Error(broken.message);
  const read = document.safeParse(parsed.toJS());
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new Error(`${issue?.path.join('.') || 'the document'}: ${issue?.message}`);
  }
  const { spec } = read.data;
  const groups = new Set(spec.groups.map((group) => group.name));
  const outcomes = new Set(spec.outcomes.map((outcome) => outcome.name));
  for (const { name: of, choices } of spec.outcomes) {
    const lost = choices.flatMap(({ chain }) => chain).find((group) => !groups.has(group));
    if (lost !== undefined) throw new Error(`the outcome ${of} names the group ${lost}, which is not there`);
  }
  for (const { name: of, outcome } of spec.routes) {
    if (outcome !== undefined && !outcomes.has(outcome))
      throw new Error(`the route ${of} names the outcome ${outcome}, which is not there`);
  }
  return spec;
}
