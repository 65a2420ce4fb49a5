/** Calls that a condition or tag rule treats differently, but no document can. */
import type { CallAssumption } from '../plan/route-plan.ts';
import { parseConditionLine } from './condition-line.ts';
import { linesDiffer, type RouterEngine } from './router-behaviour.ts';
import type { RuleSource } from './rule-source.ts';

/** Calls that the plan of a condition or tag rule leaves out, because no target sees what they depend on. */
export function callAssumptions(source: RuleSource, engines: readonly RouterEngine[]): CallAssumption[] {
  return source.kind === 'tag' ? ofTags(engines) : ofConditions(source);
}

function ofTags(engines: readonly RouterEngine[]): CallAssumption[] {
  const found: CallAssumption[] = [
    {
      when: { term: { t: 'callerParam', key: 'dubbo.tag' }, test: { op: 'truthy' } },
      why: 'a consumer sets a tag of its own (dubbo.tag in its URL) that counts where the call has none',
      certain: false,
    },
    {
      when: { term: { t: 'callerParam', key: 'dubbo.force.tag' }, test: { op: 'eqIgnoreCase', text: 'true' } },
      why: 'a consumer forces tags (dubbo.force.tag in its URL)',
      certain: false,
    },
  ];
  if (linesDiffer('tag-levels-read', engines)) {
    found.push({
      when: { term: { t: 'attachment', key: 'dubbo.tag' }, test: { op: 'contains', text: '|' } },
      why: 'a tag has levels (`gray|team1`), which Dubbo 3.3 reads and older ones do not: name the version',
      certain: false,
    });
  }
  return found;
}

function ofConditions(source: RuleSource): CallAssumption[] {
  const keys = source.conditions.flatMap((line) => {
    const parsed = parseConditionLine(line);
    return 'fault' in parsed ? [] : parsed.left.map(({ key }) => key);
  });
  const isNull = { op: 'is', classes: ['null'] } as const;
  const found: CallAssumption[] = [];
  if (keys.includes('application')) {
    const why = 'a consumer has no application name, without which no Dubbo starts';
    found.push({ when: { term: { t: 'callerApp' }, test: isNull }, why, certain: true });
  }
  if (keys.includes('host') || keys.includes('address')) {
    found.push({ when: { term: { t: 'callerHost' }, test: isNull }, why: 'a consumer has no host', certain: true });
  }
  return found;
}
