/** The files of a script that weir reads back: as much of its plan as is needed, and its labels. */
import * as z from 'zod';
import { WeirError } from '../../errors/weir-error.ts';
import { type RecordKind, readText, requireRecord } from '../../platform/record.ts';
import {
  type CallAssumption,
  type PlanAssumption,
  type ProviderPredicate,
  ROUTE_PLAN_VERSION,
  type RoutePlan,
} from '../plan/route-plan.ts';
import { predicateSchema, routePlanSchema } from '../plan/route-plan-schema.ts';
import type { LabelPlan } from '../targets/label-plan.ts';

// Their own schemas check them; their types are written down beside the plan.
const callAssumptions = z.custom<readonly CallAssumption[]>(
  (value) => routePlanSchema.shape.callAssumptions.safeParse(value).success,
);
const assumptions = z.custom<readonly PlanAssumption[]>(
  (value) => routePlanSchema.shape.assumptions.safeParse(value).success,
);
const predicate = z.custom<ProviderPredicate>((value) => predicateSchema.safeParse(value).success);

/** The fields that weir reads back from `NAME.plan.json`. */
export type ReadPlan = Pick<RoutePlan, 'callAssumptions' | 'assumptions'> & {
  readonly source: { readonly path: string };
  readonly scope: Pick<RoutePlan['scope'], 'providerApp' | 'service' | 'group' | 'version'>;
  readonly effect: Pick<RoutePlan['effect'], 'state'>;
  readonly rules: readonly { readonly then: { readonly kind: string } }[];
};

const text = z.string().nullable();

const PLAN_FILE: RecordKind<ReadPlan> = {
  name: 'plan of a script',
  version: ROUTE_PLAN_VERSION,
  schema: z.object({
    source: z.object({ path: z.string() }),
    scope: z.object({ providerApp: text, service: text, group: text, version: text }),
    effect: z.object({ state: z.enum(['live', 'dead', 'broken']) }),
    // biome-ignore lint/suspicious/noThenProperty: the plan's own word for an outcome; plans are data, never awaited
    rules: z.array(z.object({ then: z.object({ kind: z.string() }) })),
    assumptions,
    callAssumptions: callAssumptions.exactOptional(),
  }),
  exit: 2,
};

/** `NAME.labels.json`. */
export const LABELS_FILE: RecordKind<LabelPlan> = {
  name: 'list of labels',
  version: 1,
  schema: z.object({
    groups: z
      .array(z.object({ label: z.string(), value: z.string(), select: z.array(predicate), from: z.string() }))
      .default([]),
    providers: z
      .array(z.object({ id: z.string(), address: z.string(), labels: z.record(z.string(), z.string()) }))
      .exactOptional(),
    healthChecked: z.array(z.string()).default([]),
  }),
  exit: 2,
};

/** Reads a plan. Throws WEIR5028 when it is damaged, WEIR2025 when a later weir wrote it, both with exit 2; `file` names it. */
export function readPlan(file: string, text: string): ReadPlan {
  return required(PLAN_FILE, file, text);
}

/** Reads the labels of a script. Throws as `readPlan`. */
export function readLabels(file: string, text: string): LabelPlan {
  return required(LABELS_FILE, file, text);
}

// A file of the output folder that somebody broke is bad input, not a fault of weir.
function required<T>(kind: RecordKind<T>, file: string, text: string): T {
  const reading = readText(kind, text);
  if (reading.state !== 'damaged') return requireRecord(kind, file, reading);
  throw new WeirError('WEIR5028', {
    what: `${file} is not what weir rules convert writes`,
    why: reading.why,
    hint: 'convert again',
    location: { file, line: 1, column: 1 },
  });
}
