/** The documents of target envoy in a real Envoy, call by call, beside the plan's own answers. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { envoyBinary } from '../../../scripts/setup/envoy.ts';
import { staticCluster } from '../../../src/discovery/resources/clusters.ts';
import { NETWORK, typed } from '../../../src/discovery/resources/envoy-types.ts';
import { firstMatch } from '../../../src/discovery/resources/rule-matchers.ts';
import type { RuleScript } from '../../../src/discovery/routing/rule-scripts.ts';
import { type CallerFacts, ruledRoutes } from '../../../src/discovery/routing/ruled-routes.ts';
import type { RoutingCall, RoutingProvider } from '../../../src/rules/case-file.ts';
import { convertPlan } from '../../../src/rules/convert-plan.ts';
import { compareWithTarget } from '../../../src/rules/equivalence/compare.ts';
import { loadTargetModel } from '../../../src/rules/models/load-model.ts';
import { outsideCall } from '../../../src/rules/plan/call-outcome.ts';
import { evaluatePlan, type PlanDecision, presentProviders } from '../../../src/rules/plan/evaluate-plan.ts';
import { readEnvoyRules } from '../../../src/rules/targets/envoy/envoy-rules.ts';
import { promotedArguments } from '../../../src/rules/targets/envoy/promoted-arguments.ts';
import { planRuleFile } from '../../../src/rules/usecases/plan-rule-file.ts';
import { type FixtureCase, fixtureCases } from '../../fakes/fixture-cases.ts';
import { freePorts } from '../../free-ports.ts';
import { GATE_SEED } from '../../seed.ts';
import { startProvider, WireCaller } from './dubbo-frames.ts';

/** Calls of each fixture beside its own. */
const GENERATED = 60;
const IN_FLIGHT = 16;

interface Asked {
  readonly fixture: string;
  /** The virtual host that stands for this script, caller and set of present providers. */
  readonly host: string;
  readonly call: RoutingCall;
  readonly present: readonly RoutingProvider[];
  readonly decided: PlanDecision;
}

/** All routes and clusters that the calls need, each set under a name of its own in one Envoy. */
class Configuration {
  readonly hosts = new Map<string, object>();
  readonly clusters = new Map<string, object>();
  readonly #portOf: (name: string) => number;

  constructor(portOf: (name: string) => number) {
    this.#portOf = portOf;
    this.#cluster('original', [['original', 1]]);
  }

  #cluster(name: string, members: readonly (readonly [string, number])[]): void {
    const list = members.map(([id, weight]) => ({
      address: '127.0.0.1',
      port: this.#portOf(id),
      weight,
      priority: 0 as const,
    }));
    this.clusters.set(name, staticCluster({ name, members: list }));
  }

  /** The name of the virtual host for one kind of call. */
  hostFor(script: RuleScript, call: RoutingCall, present: readonly RoutingProvider[]): string {
    const caller = callerOf(call);
    const key = JSON.stringify([script.name, call.service, caller, present.map(({ id }) => id)]);
    const host = `h${[...this.hosts.keys()].length}.${call.service}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    this.#names.set(key, host);
    const providers = present.map(({ id, host: address, port, params }) => {
      return { id, host: address, port, params, weight: 100, isReadable: true, priority: 0 as const };
    });
    const service = { interface: call.service, group: '', version: '' };
    const routes = ruledRoutes([script], service, [script.app ?? 'app'], caller, providers);
    const everybody = `${host}|all`;
    this.#cluster(
      everybody,
      present.map(({ id }) => [id, 1] as const),
    );
    const actions = (routes ?? []).map(({ test: of, target }) => {
      if (target.kind === 'original') return { test: of, action: to('original') };
      const name = `${host}|${target.outcome}`;
      this.#cluster(
        name,
        target.members.map(({ id, weight }) => [id, weight] as const),
      );
      return { test: of, action: to(name) };
    });
    const match = firstMatch(actions, to(everybody));
    const matchers = 'matcher' in match ? match.matcher : { on_no_match: match };
    this.hosts.set(host, { name: host, hosts: [host], routes: matchers });
    return host;
  }

  readonly #names = new Map<string, string>();

  bootstrap(port: number, adminPath: string): object {
    const routes = {
      name: 'rules',
      virtual_hosts: [...this.hosts.values()],
      routes: { on_no_match: to('original') },
    };
    const proxy = typed(`${NETWORK}.generic_proxy.v3.GenericProxy`, {
      stat_prefix: 'rules',
      codec_config: {
        name: 'dubbo',
        typed_config: typed(`${NETWORK}.generic_proxy.codecs.dubbo.v3.DubboCodecConfig`),
      },
      filters: [{ name: 'router', typed_config: typed(`${NETWORK}.generic_proxy.router.v3.Router`) }],
      route_config: routes,
    });
    const address = { socket_address: { address: '127.0.0.1', port_value: port } };
    const filters = [{ name: 'envoy.filters.network.generic_proxy', typed_config: proxy }];
    return {
      admin: { address: { pipe: { path: adminPath } } },
      static_resources: {
        listeners: [{ name: 'rules', address, filter_chains: [{ filters }] }],
        clusters: [...this.clusters.values()],
      },
    };
  }
}

function to(cluster: string): object {
  const action = typed(`${NETWORK}.generic_proxy.action.v3.RouteAction`, { cluster, timeout: '0s' });
  return { action: { name: 'route', typed_config: action } };
}

function callerOf({ attachments, consumer }: RoutingCall): CallerFacts {
  return {
    application: attachments['remote.application'] ?? consumer.application ?? null,
    host: consumer.host ?? null,
    params: consumer.params ?? {},
  };
}

function scriptOf({ id, path, text: source, known }: FixtureCase): {
  readonly script: RuleScript;
  readonly calls: Omit<Asked, 'host'>[];
} | null {
  const { plan } = planRuleFile(path, source, known);
  const { services, providers } = known;
  const conversion = { plan, name: 'rule', target: 'envoy', version: '1.40', services, providers } as const;
  const converted = convertPlan({ ...conversion, accepted: new Set() });
  if (converted.text === null) return null;
  const rules = readEnvoyRules(converted.text);
  const { providerApp: app, service, group, version } = plan.scope;
  const { assumptions, callAssumptions = [] } = plan;
  const script = { name: id, file: path, app, service, group, version, rules, assumptions, callAssumptions };
  const calls: Omit<Asked, 'host'>[] = [];
  for (const call of known.calls) {
    // Nothing in a registry says who is down: that part of a rule is left to health checks (WR028).
    if ((call.down ?? []).length > 0) continue;
    const present = presentProviders(call, providers);
    calls.push({ fixture: id, call, present, decided: decisionOf(plan, call, providers) });
  }
  const loading = loadTargetModel('envoy', '1.40', converted.text);
  assert.ok(loading.ok);
  const cells: Omit<Asked, 'host'>[] = [];
  compareWithTarget(plan, loading.model, services, providers, {
    watch: (_, call, present, decided) => {
      if (!call.method || call.paramTypes.includes('com.example.AnyOtherType')) return;
      cells.push({ fixture: id, call, present, decided });
    },
  });
  for (let count = 0; count < GENERATED && cells.length > 0; count += 1) {
    calls.push(...cells.splice(Math.floor(random() * cells.length), 1));
  }
  return { script, calls };
}

function decisionOf(
  plan: Parameters<typeof evaluatePlan>[0],
  call: RoutingCall,
  providers: readonly RoutingProvider[],
): PlanDecision {
  const outside = outsideCall(plan.callAssumptions, call);
  return outside === undefined ? evaluatePlan(plan, call, providers).decision : { kind: 'opaque', reason: outside };
}

const seed = GATE_SEED;
let state = seed;
/** A number below 1 (a linear congruence): the same seed gives the same calls. */
function random(): number {
  state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return state / 2 ** 32;
}

/** The providers that the plan gives; null where it says nothing, so that only the original address is right. */
function wantedOf(decided: PlanDecision): readonly (readonly string[])[] | null {
  if (decided.kind === 'ignored') return [decided.providers];
  return decided.kind === 'providers' ? decided.picks.map(({ providers }) => providers) : null;
}

function isWeighted(decided: PlanDecision): boolean {
  return decided.kind === 'providers' && (decided.picks.length > 1 || decided.picks.some(({ weights }) => weights));
}

function judge(answers: readonly string[], decided: PlanDecision): 'equal' | 'refused' | 'wrong' {
  const got = [...new Set(answers)].toSorted();
  if (got.join() === 'original') return 'refused';
  const picks = wantedOf(decided);
  if (picks === null) return 'wrong';
  const wanted = [...new Set(picks.flat())].toSorted();
  if (wanted.length === 0)
    return got.every((one) => one.startsWith('status') || one.startsWith('exception')) ? 'equal' : 'wrong';
  return got.join() === wanted.join() ? 'equal' : 'wrong';
}

test('every fixture rule does in a real Envoy what its plan says, or leaves the call where it was', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const found = fixtureCases().flatMap((fixture) => scriptOf(fixture) ?? []);
  const names = [
    ...new Set([
      'original',
      ...found.flatMap(({ calls }) => calls.flatMap(({ present }) => present.map(({ id }) => id))),
    ]),
  ];
  const providers = new Map(await Promise.all(names.map(async (name) => [name, await startProvider(name)] as const)));
  t.after(() => {
    for (const provider of providers.values()) provider.close();
  });
  const configuration = new Configuration((name) => providers.get(name)?.port ?? 0);
  const asked = found.flatMap(({ script, calls }) =>
    calls.map((one): Asked => ({ ...one, host: configuration.hostFor(script, one.call, one.present) })),
  );
  const folder = await mkdtemp(join(tmpdir(), 'weir-rules-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [port = 0] = await freePorts(1);
  await writeFile(join(folder, 'envoy.json'), JSON.stringify(configuration.bootstrap(port, join(folder, 'admin'))));
  const envoy = startEnvoy(join(folder, 'envoy.json'));
  t.after(async () => {
    envoy.child.kill('SIGKILL');
    await envoy.said;
  });
  await untilListening(port, envoy);

  const caller = await WireCaller.open(port);
  t.after(() => caller.close());
  const counts = new Map<string, { equal: number; refused: number; wrong: number }>();
  const wrong: string[] = [];
  // One after the other for each host: taken in turn, all members of a cluster answer within a round.
  const queue = Map.groupBy(asked, ({ host }) => host).values();
  const work = async () => {
    for (const { fixture, host, call, present, decided } of queue.flatMap((group) => group.values())) {
      const sent = new Map([
        ...Object.entries(call.attachments),
        ...(promotedArguments(call.paramTypes, call.args) ?? []),
      ]);
      const times = 2 * Math.max(1, present.length) * (isWeighted(decided) ? 20 : 1);
      const answers: string[] = [];
      for (let count = 0; count < times; count += 1) {
        answers.push(await caller.call({ interface: host, method: call.method, attachments: sent }));
      }
      const verdict = judge(answers, decided);
      const count = counts.get(fixture) ?? { equal: 0, refused: 0, wrong: 0 };
      counts.set(fixture, count);
      count[verdict] += 1;
      if (verdict === 'wrong') {
        wrong.push(
          `${fixture}: ${JSON.stringify(call)} gave ${[...new Set(answers)]}, wanted ${JSON.stringify(wantedOf(decided))}`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  const total = { equal: 0, refused: 0, wrong: 0 };
  for (const [fixture, { equal, refused, wrong: bad }] of counts) {
    total.equal += equal;
    total.refused += refused;
    total.wrong += bad;
    t.diagnostic(`${fixture}: ${equal} equal, ${refused} refused, ${bad} wrong`);
  }
  t.diagnostic(`${counts.size} fixtures, ${total.equal} equal, ${total.refused} refused, ${total.wrong} wrong`);
  assert.deepEqual(wrong.slice(0, 5), []);
  assert.ok(total.equal > 1000);
});

function startEnvoy(file: string): { readonly child: ChildProcess; readonly said: Promise<string> } {
  const argv = ['-c', file, '--disable-hot-restart', '--concurrency', '1', '-l', 'error'];
  const child = spawn(envoyBinary('1.40.0'), [...argv, '--component-log-level', 'misc:critical'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return { child, said: text(child.stderr) };
}

async function untilListening(port: number, { child, said }: ReturnType<typeof startEnvoy>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null) throw new Error(`Envoy ended: ${(await said).slice(-3000)}`);
    const caller = await WireCaller.open(port).catch(() => null);
    if (caller !== null) return caller.close();
    await sleep(100);
  }
  throw new Error('Envoy did not listen within a minute');
}
