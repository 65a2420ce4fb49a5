/** The packet counters of an application's redirect rules. */
import { formatElementKey } from './map-element.ts';
import type { Chain, KnownRule, Rule, Ruleset } from './ruleset.ts';

/**
 * The number of packets that reached the redirects of these marks. Under iptables an application has a chain of its own;
 * under nft it shares one with others of the same shape. The rules are read through once for all marks that are asked.
 */
export function redirectPackets(rulesets: readonly Ruleset[]): (marks: readonly number[]) => number {
  const chains = new Map<number, Set<Counted>>();
  const add = (mark: number, chain: Counted | undefined): void => {
    if (chain !== undefined) chains.set(mark, (chains.get(mark) ?? new Set()).add(chain));
  };
  for (const table of rulesets.flatMap((ruleset) => ruleset.tables)) {
    const byName = new Map(table.chains.map((chain) => [chain.name, { packets: packetsOf(chain) }]));
    for (const chain of table.chains) for (const mark of marksSetIn(chain)) add(mark, byName.get(chain.name));
    for (const map of table.maps.filter((one) => one.value === 'mark')) {
      const verdicts = table.maps.find((one) => one.name === map.name.replace(/_mark$/, '_app'));
      const targets = new Map(verdicts?.elements.map(({ key, value }) => [formatElementKey(key), value]));
      for (const { key, value } of map.elements) {
        const target = targets.get(formatElementKey(key));
        if (value !== null && 'mark' in value && target && 'goto' in target) add(value.mark, byName.get(target.goto));
      }
    }
  }
  return (marks) => {
    const reached = new Set(marks.flatMap((mark) => [...(chains.get(mark) ?? [])]));
    return [...reached].reduce((total, { packets }) => total + packets, 0);
  };
}

/** A chain with the packets that its redirects counted. */
interface Counted {
  readonly packets: number;
}

function marksSetIn({ rules }: Chain): number[] {
  return rules.flatMap((rule) =>
    rule.kind === 'known' ? rule.actions.flatMap((action) => (action.do === 'set-mark' ? [action.mark] : [])) : [],
  );
}

function packetsOf({ rules }: Chain): number {
  return rules.filter(isCounted).reduce((sum, rule) => sum + (rule.packets ?? 0), 0);
}

function isCounted(rule: Rule): rule is KnownRule {
  return rule.kind === 'known' && rule.counter && isDiverting(rule);
}

/** Whether a rule sends packets to a sidecar: by NAT, to a transparent listener, or into the memory that routes them. */
export function isDiverting({ verdict, actions }: KnownRule): boolean {
  const isRemembered = actions.some((action) => action.do === 'remember-flow' && !action.isMarked);
  return verdict.to === 'redirect' || verdict.to === 'tproxy' || isRemembered;
}
