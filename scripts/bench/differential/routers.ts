/** Condition, tag and JavaScript rules against the real routers. */
import fc from 'fast-check';
import { isUncompared } from '../../../src/rules/read/ip-expression.ts';
import { ROUTER_ENGINES, type RouterEngine } from '../../../src/rules/read/router-behaviour.ts';
import { ARMS, compareRule } from '../../../test/oracle/dubbo/compare-rule.ts';
import { randomConditionRule } from '../../../test/oracle/dubbo/random-condition.ts';
import { randomTagRule } from '../../../test/oracle/dubbo/random-tag.ts';
import { startRouterOracle } from '../../../test/oracle/dubbo/router-oracle.ts';
import { randomJavaScriptRule, scriptYaml } from '../../../test/oracle/javascript/random-javascript.ts';
import { DifferentialCount } from './differential-count.ts';

const ARBITRARIES = { conditions: randomConditionRule, tags: randomTagRule, javascript: randomJavaScriptRule };

/**
 * Condition, tag or JavaScript rules against the real routers of each line of Dubbo (or those that `engines` names); scripts
 * run in Nashorn under Dubbo 3.2 alone. Every other rule is converted without the registry snapshot.
 */
export async function differentialOfRouters(
  kind: keyof typeof ARBITRARIES,
  rules: number,
  seed: number,
  engines: readonly string[],
): Promise<number> {
  let wrong = 0;
  const known = kind === 'javascript' ? (['3.2'] as const) : ROUTER_ENGINES;
  const lines = known.filter((engine) => engines.length === 0 || engines.includes(engine));
  for (const engine of lines) wrong += await againstLine(kind, rules, seed, engine);
  return wrong;
}

async function againstLine(
  kind: keyof typeof ARBITRARIES,
  rules: number,
  seed: number,
  engine: RouterEngine,
): Promise<number> {
  await using oracle = await startRouterOracle(engine);
  const counts = new DifferentialCount();
  const samples = fc.sample(ARBITRARIES[kind], { numRuns: rules, seed });
  for (const [at, rule] of samples.entries()) {
    const real = await oracle.ask(rule);
    const { app, providers, calls } = rule;
    const text = kind === 'javascript' ? scriptYaml(rule.rule) : rule.rule;
    const asked = { file: 'rule', text, app, providers, calls, engine, real, snapshot: at % 2 === 0 };
    const isLeftOut = kind === 'tags' && !asked.snapshot && providers.some(({ host }) => isUncompared(host));
    for (const [arm, tally] of compareRule(asked, isLeftOut ? ['source'] : ARMS))
      counts.add(arm, tally, rule.constructs, rule.rule);
  }
  return counts.print(`${rules} ${kind} of seed ${seed} on Dubbo ${engine}`);
}
