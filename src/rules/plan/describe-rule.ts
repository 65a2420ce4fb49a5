/** Says in one sentence what a rule does, for reports and for the comments of documents. */
import { describeTerm, describeTest } from './describe-condition.ts';
import { joinEnds } from './join-ends.ts';
import type { Term } from './plan-term.ts';
import type {
  PlanCondition,
  PlanOutcome,
  PlanRule,
  PlanTest,
  ProviderGroup,
  ProviderPredicate,
  RoutePlan,
} from './route-plan.ts';
import { describeTypedValue } from './typed-value.ts';

/** The rule of a plan with an id: rules are named in their order, so a long list need not be searched. */
export function ruleOf({ rules }: Pick<RoutePlan, 'rules'>, id: string): PlanRule | undefined {
  const guess = rules[Number(id.slice(1)) - 1];
  return guess?.id === id ? guess : rules.find((rule) => rule.id === id);
}

/** `method = pay and env = gray -> env=gray`; a rule without conditions begins with "otherwise" or "every call". */
export function describeRule(plan: RoutePlan, rule: PlanRule): string {
  return `${describeConditions(rule.when, plan.rules[0] === rule)} -> ${describeOutcome(plan, rule.then)}`;
}

/** The conditions of a rule. Tests that another one on the same value implies are left out. */
export function describeConditions(when: readonly PlanCondition[], isFirst: boolean): string {
  const told = joinEnds(when.filter((condition) => !isImplied(condition, when)));
  const parts = told.map(({ term, test }) => {
    const name = readableTerm(term);
    if (test.op === 'eq' && test.values.length === 1 && test.values[0]) {
      return `${name} = ${plainValue(describeTypedValue(test.values[0]))}`;
    }
    if (test.op === 'eq') {
      return `${name} in ${test.values.map((value) => plainValue(describeTypedValue(value))).join(', ')}`;
    }
    const pattern = textPattern(test);
    return pattern === null ? `${name} ${readableTest(test)}` : `${name} = ${pattern}`;
  });
  if (parts.length > 0) return parts.join(' and ');
  return isFirst ? 'every call' : 'otherwise';
}

/** Where the calls of a rule go. */
export function describeOutcome(plan: RoutePlan, then: PlanOutcome): string {
  switch (then.kind) {
    case 'all':
      return then.ignored === undefined ? 'all providers' : `all providers (the script throws ${simple(then.ignored)})`;
    case 'deny':
      return 'no provider';
    case 'error':
      return `the call fails with ${simple(then.exception)}`;
    case 'stale':
      return 'the push fails, the former addresses stay';
    case 'tag':
      return `tag ${then.tag ?? 'none'}`;
    case 'opaque':
      return `not known: ${then.reason}`;
    case 'route': {
      const total = then.choices.reduce((sum, choice) => sum + choice.weight, 0);
      const texts = then.choices.map(({ weight, chain, otherwise }) => {
        const names = chain.map((id) => groupName(plan, id));
        if (otherwise === 'all') names.push('all');
        const text = names.length === 0 ? 'no provider' : names.join(', else ');
        return then.choices.length === 1 ? text : `${Math.round((weight / total) * 1000) / 10} % ${text}`;
      });
      return texts.join(', ');
    }
  }
}

function groupName(plan: RoutePlan, id: string): string {
  const group = plan.groups.find((candidate) => candidate.id === id);
  return group === undefined ? id : describeGroup(group);
}

/** A set of providers: its name in the script, or its conditions on a provider (`env=gray`, `host 10.1.*`). */
export function describeGroup({ where, label }: Pick<ProviderGroup, 'where' | 'label'>): string {
  return isDerived(label) ? describeProviders(where) : `${label} (${describeProviders(where)})`;
}

// A label that the reader made of the predicate says the same in the words of a program.
function isDerived(label: string): boolean {
  return label === '' || /^(?:not \(|\(|param |host |port |address |available|all providers|no provider)/.test(label);
}

/** A set of providers in few words. */
export function describeProviders(where: ProviderPredicate): string {
  switch (where.p) {
    case 'true':
      return 'all providers';
    case 'false':
      return 'no provider';
    case 'glob':
      return `${readableTerm(where.term)} ${where.pattern}`;
    case 'not':
      return `not ${where.of.p === 'test' ? describeProviders(where.of) : `(${describeProviders(where.of)})`}`;
    case 'and': {
      const parts = where.of.filter((part) => !isImpliedPart(part, where.of));
      return parts
        .map((part) => (part.p === 'or' ? `(${describeProviders(part)})` : describeProviders(part)))
        .join(' and ');
    }
    case 'or':
      return where.of.map(describeProviders).join(' or ');
    case 'test': {
      const name = readableTerm(where.term);
      const { test } = where;
      if (where.term.t === 'available') return name;
      if (test.op === 'eq') {
        const values = test.values.map((value) => plainValue(describeTypedValue(value)));
        const { term } = where;
        if (term.t === 'param' && values.includes(plainValue(JSON.stringify(term.fallback ?? null)))) {
          return `${name}=${values.join('|')} or none`;
        }
        return term.t === 'param' ? `${name}=${values.join('|')}` : `${name} ${values.join('|')}`;
      }
      const pattern = textPattern(test);
      if (pattern !== null) return `${name} ${pattern}`;
      return `${name} ${readableTest(test)}`;
    }
  }
}

// `save*`; null for a test that is no plain pattern.
function textPattern(test: PlanTest): string | null {
  if (test.op === 'prefix') return `${test.text}*`;
  if (test.op === 'suffix') return `*${test.text}`;
  return test.op === 'contains' ? `*${test.text}*` : null;
}

function readableTest(test: PlanTest): string {
  if (test.op === 'eqIgnoreCase') return `= ${test.text} in any case`;
  if (test.op === 'truthy') return 'is set';
  if (test.op === 'is') {
    if (test.classes.join() === 'null') return 'is null';
    if (test.classes.join() === 'java.lang.String') return 'is text';
    if (test.classes.length > 1 && test.classes.every((name) => NUMBERS.test(name))) return 'is a number';
  }
  return describeTest(test);
}

const NUMBERS = /^java\.(?:math|lang)\.(?:Integer|Long|Short|Byte|Double|Float|BigDecimal|BigInteger)$/;

function readableTerm(term: Term): string {
  switch (term.t) {
    case 'param':
      return term.key;
    case 'attachment':
      return term.key === 'remote.application' ? 'caller' : `attachment ${term.key}`;
    case 'callerApp':
      return 'caller';
    case 'callerHost':
      return 'caller host';
    case 'argCount':
    case 'paramCount':
      return 'number of arguments';
    case 'fn': {
      if (term.fn === 'toText' && term.args[0] !== undefined) return readableTerm(term.args[0]);
      const sign = term.args.length === 2 ? SIGNS[term.fn] : undefined;
      const parts = term.args.map(readableTerm);
      return sign === undefined ? `${term.fn}(${parts.join(', ')})` : parts.join(` ${sign} `);
    }
    default:
      return describeTerm(term);
  }
}

const SIGNS: Readonly<Record<string, string>> = { plus: '+', minus: '-', multiply: '*', divide: '/', mod: '%' };

// A comparison implies two conditions for readers: the value is there, and it has the class of its constant.
function isImplied({ term, test }: PlanCondition, when: readonly PlanCondition[]): boolean {
  if (test.op !== 'is' && test.op !== 'defined' && test.op !== 'truthy') return false;
  const name = JSON.stringify(term);
  return when.some((other) => {
    if (other.test.op === 'is' || other.test.op === 'defined' || other.test.op === 'truthy') return false;
    return JSON.stringify(other.term) === name || JSON.stringify(other.term).includes(name);
  });
}

function isImpliedPart(part: ProviderPredicate, all: readonly ProviderPredicate[]): boolean {
  const test = part.p === 'not' ? part.of : part;
  if (test.p !== 'test' || !['is', 'defined', 'truthy'].includes(test.test.op)) return false;
  const name = JSON.stringify(test.term);
  return all.some(
    (other) =>
      other !== part &&
      other.p === 'test' &&
      !['is', 'defined', 'truthy'].includes(other.test.op) &&
      JSON.stringify(other.term).includes(name),
  );
}

function plainValue(text: string): string {
  return /^"[A-Za-z0-9_.*:/-]+"$/.test(text) ? text.slice(1, -1) : text;
}

function simple(className: string): string {
  return className.slice(className.lastIndexOf('.') + 1);
}
