/** Conditions on one text of a call as tests that Envoy can make. */
import type { RoutingCall } from '../../case-file.ts';
import { conditionHolds } from '../../plan/evaluate-plan.ts';
import type { PlanCondition } from '../../plan/route-plan.ts';
import { re2Spelling } from '../re2-spelling.ts';
import { ANY_TEXT, conditionTextRegex, textsEqualTo } from '../text-regex.ts';
import type { EnvoyText } from './envoy-test.ts';

/** The texts that pass a condition: all, none, those that pass one test, or why Envoy has no such test. */
export type TextAnswer = 'all' | 'none' | EnvoyText | { readonly why: string };

const NOTHING = '[^\\s\\S]';

/** The texts for which a condition holds whose term reads one text; `place` puts a text there. */
export function textAnswer(condition: PlanCondition, place: (text: string) => RoutingCall): TextAnswer {
  const answer = condition.term.t === 'fn' ? patternAnswer(condition) : plainAnswer(condition, place);
  // Java sends such characters as two halves, which Envoy's texts do not hold.
  if (typeof answer === 'object' && /[\ud800-\udfff]/.test(JSON.stringify(answer).toWellFormed() + surrogates(answer)))
    return { why: 'it names a character beyond the basic plane' };
  return answer;
}

function surrogates(answer: EnvoyText | { readonly why: string }): string {
  return 'in' in answer ? answer.in.join('') : Object.values(answer).join('');
}

function plainAnswer(condition: PlanCondition, place: (text: string) => RoutingCall): TextAnswer {
  const { test } = condition;
  switch (test.op) {
    case 'eq': {
      const texts = new Set(textsEqualTo(test.values));
      const passing = [...texts].filter((text) => conditionHolds(condition, place(text)));
      return passing.length === 0 ? 'none' : { in: passing };
    }
    case 'prefix':
      return test.text === '' ? 'all' : { prefix: test.text };
    case 'suffix':
      return test.text === '' ? 'all' : { suffix: test.text };
    case 'contains':
      return test.text === '' ? 'all' : { contains: test.text };
    case 'is':
      return test.classes.includes('java.lang.String') ? 'all' : 'none';
    case 'defined':
      return 'all';
    case 'range':
      return 'none';
    default:
      return patternAnswer(condition);
  }
}

function patternAnswer(condition: PlanCondition): TextAnswer {
  const regex = conditionTextRegex(condition);
  if (regex === null) return { why: `no regular expression says \`${condition.test.op}\` of it` };
  if (regex === NOTHING) return 'none';
  if (regex === ANY_TEXT) return 'all';
  const pattern = re2Spelling(regex);
  return pattern === null ? { why: 'RE2 has no such pattern' } : { regex: pattern };
}
