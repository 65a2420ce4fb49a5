/** Conditions of a plan in words. */
import type { Term } from './plan-term.ts';
import type { PlanTest } from './route-plan.ts';
import { describeTypedValue } from './typed-value.ts';

/** A term as a short text for people: `args[0] % 100`, `attachment env`. */
export function describeTerm(term: Term): string {
  switch (term.t) {
    case 'arg':
      return `args[${term.index}]`;
    case 'paramType':
      return `paramTypes[${term.index}]`;
    case 'attachment':
      return `attachment ${term.key}`;
    case 'param':
      return term.fallback === undefined
        ? `param ${term.key}`
        : `param ${term.key} (else ${JSON.stringify(term.fallback)})`;
    case 'callerParam':
      return `caller ${term.key}`;
    case 'const':
      return describeTypedValue(term.value);
    case 'fn':
      return `${term.fn}(${term.args.map(describeTerm).join(', ')})`;
    default:
      return term.t;
  }
}

/** A test as a short text for people, to be read after its term. */
export function describeTest(test: PlanTest): string {
  switch (test.op) {
    case 'is':
      return `is ${test.classes.map((name) => name.slice(name.lastIndexOf('.') + 1)).join('|')}`;
    case 'eq':
      return test.values.length === 1 && test.values[0]
        ? `= ${describeTypedValue(test.values[0])}`
        : `in [${test.values.map(describeTypedValue).join(', ')}]`;
    case 'range': {
      const low = test.min === null ? '' : `${test.minOpen ? '>' : '>='} ${test.min}`;
      const high = test.max === null ? '' : `${test.maxOpen ? '<' : '<='} ${test.max}`;
      return [low, high].filter((part) => part !== '').join(' and ');
    }
    case 'regex':
      return `${test.mode === 'full' ? 'matches' : 'contains a match of'} /${test.pattern}/`;
    case 'prefix':
    case 'suffix':
    case 'contains':
    case 'eqIgnoreCase':
      return `${test.op} ${JSON.stringify(test.text)}`;
    case 'truthy':
      return 'is not empty';
    case 'defined':
      return 'can be computed';
    case 'relation':
      return `${test.rel} ${describeTerm(test.other)}`;
  }
}
