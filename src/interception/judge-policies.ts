/** Judges applications as they are to be installed, whether or not they are on. */
import { type AppPolicy, buildPolicy } from './build-policy.ts';
import type { InterceptHost } from './host.ts';
import type { TcpSocket } from './ports.ts';
import { directedPolicies } from './rules/app-policy.ts';
import type { StoredGuard } from './stored-state.ts';
import type { Judgement } from './surroundings/hazard.ts';
import { type AppInQuestion, gatherHazardFacts } from './surroundings/hazard-facts.ts';
import { judgeApp } from './surroundings/judge-app.ts';

/**
 * The hazards that separate the proof from the traffic of these applications, by name. `listeners` carry their
 * processes.
 */
export async function judgePolicies(
  host: InterceptHost,
  policies: readonly AppPolicy[],
  guard: StoredGuard,
  listeners: readonly TcpSocket[],
): Promise<ReadonlyMap<string, Judgement>> {
  if (policies.length === 0) return new Map();
  const all = policies.map((policy) => ({ policy, deadline: null }));
  const policy = buildPolicy(all, guard, true);
  const inQuestion = policy.apps.map((app): AppInQuestion => {
    const { name, select, mode, families } = app;
    return { name, select, mode, families, directed: directedPolicies(app, policy) };
  });
  const selectors = inQuestion.map(({ select }) => select);
  const modes = new Set(inQuestion.map(({ mode }) => mode));
  const facts = await gatherHazardFacts(host, selectors, { listeners, guard }, modes);
  return new Map(inQuestion.map((app) => [app.name, judgeApp(app, facts)]));
}
