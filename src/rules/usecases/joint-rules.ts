/**
 * Rules of one run that Dubbo applies to the same calls. Its routers run one after another, tag, condition of the service,
 * condition of the application, script, and each chooses among what the one before it left. A document holds the choice of
 * one rule, so documents of several rules say something else than the rules do together.
 */
import type { PlanScope, PlanSpan, RoutePlan } from '../plan/route-plan.ts';
import type { PlannedRule } from './ports.ts';

/** A planned file of a run; `name` is its path below the input's root. */
export interface PlannedFile {
  readonly name: string;
  readonly planned: PlannedRule;
}

/**
 * The planned rules of a run in their order. A rule has a remark (WR078) where another one of the run is for calls of it,
 * which keeps it from being written.
 */
export function markJoint(files: readonly PlannedFile[]): PlannedRule[] {
  const placed = files.filter(
    ({ planned: { plan } }) => plan.scope.providerApp !== null || plan.scope.service !== null,
  );
  return files.map((one): PlannedRule => {
    const { plan } = one.planned;
    const [first, ...more] = placed.filter((other) => other !== one && areJoint(one.planned, other.planned));
    if (first === undefined) return one.planned;
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    const verb = more.length === 0 ? 'is' : 'are';
    const message = `${first.name} (${routerOf(first.planned.plan)} rule)${others} ${verb} for calls of this rule too; Dubbo applies its routers one after another, and no document says what they do together`;
    const span = plan.rules[0]?.span ?? START;
    return { ...one.planned, plan: { ...plan, notes: [...plan.notes, { code: 'WR078', message, span }] } };
  });
}

const START: PlanSpan = { offset: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };

// Two texts for one router of one application are no chain: one of them at most is live.
function areJoint(a: PlannedRule, b: PlannedRule): boolean {
  if (a.plan.effect.state !== 'live' || b.plan.effect.state !== 'live') return false;
  if (a.node !== null && a.node.name === b.node?.name) return false;
  return routerOf(a.plan) !== routerOf(b.plan) && canMeet(a.plan.scope, b.plan.scope);
}

function routerOf({ source, scope }: RoutePlan): string {
  switch (source.kind) {
    case 'condition':
      return scope.service === null ? 'application condition' : 'service condition';
    case 'dubbo-script':
      return 'script';
    case 'tag':
      return 'tag';
    default:
      return source.kind;
  }
}

// Where neither application nor service is known of one of them, nobody can say that they are for the same calls.
function canMeet(a: PlanScope, b: PlanScope): boolean {
  if (differ(a.group, b.group) || differ(a.version, b.version) || differ(a.service, b.service)) return false;
  if (differ(a.providerApp, b.providerApp)) return false;
  return isSame(a.service, b.service) || isSame(a.providerApp, b.providerApp);
}

function isSame(a: string | null, b: string | null): boolean {
  return a !== null && a === b;
}

function differ(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a !== b;
}
