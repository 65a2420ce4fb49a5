/** A converted script, executed by Envoy, decides the calls of stock Dubbo consumers. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DUBBO_JAR } from '../../../scripts/setup/dubbo.ts';
import { envoyBinary } from '../../../scripts/setup/envoy.ts';
import type { RoutingCall } from '../../../src/rules/case-file.ts';
import { evaluatePlan } from '../../../src/rules/plan/evaluate-plan.ts';
import { planRuleFile } from '../../../src/rules/usecases/plan-rule-file.ts';
import { javaClassPath } from '../../oracle/java-class-path.ts';
import { runWeirBin } from '../../run-weir.ts';
import { untilReady } from '../lab/envoy.ts';
import { LAB_ADDRESSES, LAB_UIDS, type Lab, makeLab } from '../lab/lab.ts';
import { installWeir } from '../lab/weir.ts';
import { providerCommand } from './dubbo-provider.ts';
import { ZooKeeperLab } from './zookeeper.ts';

const ORDERS = 'DubboProvider$Orders';
const HOST = LAB_ADDRESSES.upstream.ipv4;
const ZONES = new Map([
  [20_881, 'gray'],
  [20_882, 'base'],
  [20_883, 'base'],
]);
const SCRIPT = `def gray = invokers.findAll { it.url.getParameter('zone') == 'gray' }
def base = invokers.findAll { it.url.getParameter('zone') == 'base' }
def none = invokers.findAll { it.url.getParameter('zone') == 'none' }
if (invocation.getAttachment('tag') == 'gray') return gray
if (invocation.getAttachment('tag') == 'fallback') return none ?: base
if (invocation.getAttachment('tag') == 'denied') return []
if (invocation.arguments[0].startsWith('vip')) return gray
return base
`;
const WEIR = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));
const IDS = ['vip-1', 'vip', 'vi', '', 'order-7', 'a vip', '中文', 'vip😀'];
const TAGS = ['', 'gray', 'fallback', 'denied', 'Gray', 'other'];

/** Stock consumers: the version of Dubbo, with or without the Filter. What one sends is the same whichever way Envoy has its rules. */
const CONSUMERS = {
  export: [
    ['3.3.6', true],
    ['3.3.6', false],
    ['2.7.23', true],
    ['2.7.23', false],
  ],
  agent: [
    ['3.3.6', true],
    ['2.7.23', false],
  ],
} as const;

let zookeeper: ZooKeeperLab;

before(async () => {
  zookeeper = await ZooKeeperLab.open();
});

after(async () => {
  await zookeeper?.close();
});

/** A consumer's command line: with or without the Filter of weir-dubbo.jar. */
function consumerCommand(dubbo: '3.3.6' | '2.7.23', port: number, withFilter: boolean): [string, ...string[]] {
  const folder = new URL('./dubbo/', import.meta.url).pathname;
  const built = javaClassPath('dubbo-provider-3.3.6', folder, ['RuledConsumer']);
  // The classes of the consumer itself are the same for both; 2.7 brings its own jars.
  const [classes] = built.split(':');
  const old = new URL('./dubbo-2.7/', import.meta.url).pathname;
  const classPath = dubbo === '3.3.6' ? built : `${classes}:${javaClassPath('dubbo-consumer-2.7.23', old, [])}`;
  const opens = ['java.lang', 'java.util', 'java.math'].map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`);
  const java = ['-XX:TieredStopAtLevel=1', '-Dfile.encoding=UTF-8', '-Xmx128m', ...opens];
  return [
    'java',
    ...java,
    '-cp',
    withFilter ? `${classPath}:${DUBBO_JAR}` : classPath,
    'RuledConsumer',
    HOST,
    String(port),
  ];
}

async function ask(
  lab: Lab,
  command: readonly string[],
  calls: readonly (readonly [string, string])[],
): Promise<string[]> {
  const consumer = lab.start(lab.client, [...command], { uid: LAB_UIDS.app });
  const answers: string[] = [];
  for (const [number, [id, tag]] of calls.entries()) {
    consumer.write(`${id}\t${tag}`);
    const [, answer = ''] = await consumer.line(new RegExp(`^ANSWER ${number} (.*)$`));
    answers.push(answer);
  }
  await consumer.stop();
  return answers;
}

for (const way of ['export', 'agent'] as const) {
  test(`by ${way}, stock consumers get the providers that the script picks, with arguments where the Filter writes them`, async (t) => {
    await run(t, way);
  });
}

async function run(t: TestContext, way: 'export' | 'agent'): Promise<void> {
  const lab = await makeLab(`rules-${way}`, { test: t });
  const writer = await zookeeper.client();
  for (const [port, zone] of ZONES) {
    const url = `dubbo://${HOST}:${port}/${ORDERS}?application=orders&group=blue&version=1.2.0&zone=${zone}`;
    await writer.put(`/dubbo/${ORDERS}/providers/${encodeURIComponent(url)}`);
  }
  writer.close();
  const started = [...ZONES.keys()].map((port) => lab.start(lab.upstream, providerCommand('N/A', HOST, port)));
  await Promise.all(started.map((provider) => provider.line(/^ready$/)));

  const rules = join(lab.folder, 'rules');
  const services = [{ interface: ORDERS, methods: [{ name: 'order', paramTypes: ['java.lang.String'] }] }];
  mkdirSync(join(lab.folder, 'scripts'));
  writeFileSync(join(lab.folder, 'scripts', 'orders.groovy'), SCRIPT);
  writeFileSync(join(lab.folder, 'services.json'), JSON.stringify(services));
  const from = [join(lab.folder, 'scripts'), '--services', join(lab.folder, 'services.json'), '--app', 'orders'];
  const converted = await runWeirBin(['rules', 'convert', ...from, '--target', 'envoy', '--out', rules, '--json']);
  // Classes that no String holds stay with the script: a finding, and documents for the rest.
  assert.ok(converted.code === 0 || converted.code === 1, converted.stdout);

  const weir = installWeir(lab);
  const folder = lab.makeFolder('envoy', LAB_UIDS.sidecar);
  weir.configure({
    apiVersion: 'weir.dev/v1',
    registries: { hz: { zookeeper: [`127.0.0.1:${zookeeper.port}`] } },
    discovery: { registries: ['hz'], socket: `unix:${join(folder, 'discovery.sock')}` },
    sidecars: { main: { user: LAB_UIDS.sidecar, outbound: 15_001, admin: `unix:${join(folder, 'admin.sock')}` } },
    apps: { shop: { select: { user: LAB_UIDS.app }, sidecar: 'main', consumes: { apps: ['orders'] }, rules } },
  });
  const bootstrap = join(folder, 'envoy.json');
  if (way === 'export') {
    const exported = await runWeirBin(['discovery', 'export', '--out', folder, '--config', weir.config, '--json']);
    assert.equal(exported.code, 0, exported.stdout);
  } else {
    // A bootstrap is made for a sidecar that weir could run; here the test runs its Envoy.
    const init = join(folder, 'init.yaml');
    const text = readFileSync(weir.config, 'utf8');
    writeFileSync(init, JSON.stringify(withBinary(JSON.parse(text), envoyBinary('1.40.0'), bootstrap)));
    const made = await runWeirBin(['sidecar', 'init', 'main', '--discovery', '--out', bootstrap, '--config', init]);
    assert.equal(made.code, 0, made.stderr);
    const folders = ['--run-dir', join(lab.folder, 'run'), '--state-dir', join(lab.folder, 'state')];
    const argv = [process.execPath, WEIR, 'discovery', 'run', '--json', '--config', weir.config, ...folders] as const;
    // Where the test's ZooKeeper listens: an agent needs no namespace of its own.
    const agent = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(async () => {
      agent.kill('SIGTERM');
      const limit = setTimeout(() => agent.kill('SIGKILL'), 5_000);
      if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'close');
      clearTimeout(limit);
    });
    await untilLine(agent, /"event":"sync"/, 90_000);
  }
  const binary = openSync(envoyBinary('1.40.0'), 'r');
  const argv = ['/proc/self/fd/3', '-c', bootstrap, '--disable-hot-restart', '--concurrency', '1'];
  const envoy = lab.start(lab.client, [...argv, '-l', 'warning'], { uid: LAB_UIDS.sidecar, inherit: binary });
  closeSync(binary);
  await untilReady(envoy, join(folder, 'admin.sock'));
  const on = await weir.json(['on', 'shop']);
  assert.equal(on.code, 0, JSON.stringify(on.json));

  const known = { app: 'orders', providers: [], services, types: {}, machineGroups: {}, calls: [] };
  const { plan } = planRuleFile('orders.groovy', SCRIPT, known);
  const providers = [...ZONES].map(([port, zone]) => ({ id: String(port), host: HOST, port, params: { zone } }));
  const calls = IDS.flatMap((id) => TAGS.flatMap((tag) => [0, 1, 2, 3].map(() => [id, tag] as const)));
  const wantedOf = (id: string, tag: string): string[] => {
    const call: RoutingCall = {
      ...{ service: ORDERS, method: 'order', paramTypes: ['java.lang.String'], consumer: { application: 'shop' } },
      args: [{ t: 'java.lang.String', v: id }],
      attachments: tag === '' ? {} : { tag },
    };
    const { decision } = evaluatePlan(plan, call, providers);
    assert.equal(decision.kind, 'providers', `${id} ${tag}`);
    return decision.kind === 'providers' ? decision.picks.flatMap((pick) => [...pick.providers]) : [];
  };
  const picked = 20_882;
  for (const [dubbo, withFilter] of CONSUMERS[way]) {
    const answers = await ask(lab, consumerCommand(dubbo, picked, withFilter), calls);
    const counts = { equal: 0, refused: 0 };
    const seen = new Map<string, Set<string>>();
    for (const [index, [id, tag]] of calls.entries()) {
      const answer = answers[index] ?? '';
      const port = / from (\d+)$/.exec(answer)?.[1] ?? 'failed';
      const about = `${dubbo}, filter ${withFilter}: ${id} ${tag}: ${answer}`;
      const wanted = wantedOf(id, tag);
      // Without the Filter, Envoy cannot tell calls about whose argument the script asks: they stay where they went.
      const isRefused = !withFilter && !['gray', 'fallback', 'denied'].includes(tag);
      if (isRefused) assert.equal(port, String(picked), about);
      else if (wanted.length === 0) assert.equal(port, 'failed', about);
      else assert.ok(wanted.includes(port), `${about}, wanted ${wanted}`);
      counts[isRefused ? 'refused' : 'equal'] += 1;
      if (port !== 'failed') assert.ok(answer.startsWith(`${id} from`), about);
      seen.set(tag, (seen.get(tag) ?? new Set()).add(port));
    }
    t.diagnostic(
      `Dubbo ${dubbo}, ${withFilter ? 'with' : 'without'} the Filter: ${counts.equal} equal, ${counts.refused} refused`,
    );
    assert.deepEqual([...(seen.get('fallback') ?? [])].toSorted(), ['20882', '20883']);
    assert.deepEqual([...(seen.get('gray') ?? [])], ['20881']);
  }
}

/** A mesh whose sidecar has a binary and a bootstrap. */
function withBinary(mesh: { readonly sidecars: { readonly main: object } }, binary: string, bootstrap: string): object {
  return { ...mesh, sidecars: { main: { ...mesh.sidecars.main, binary, bootstrap } } };
}

/** Resolves when the program has written a line that matches. */
async function untilLine(program: ChildProcess, pattern: RegExp, limitMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const limit = setTimeout(() => reject(new Error(`no line ${pattern} within ${limitMs} ms`)), limitMs);
  let text = '';
  program.stdout?.on('data', (bytes: Buffer) => {
    text += bytes.toString();
    if (pattern.test(text)) resolve();
  });
  program.on('close', () => reject(new Error(`the agent ended: ${text.slice(-1000)}`)));
  await promise.finally(() => clearTimeout(limit));
}
