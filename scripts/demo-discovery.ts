/**
 * Discovery as a story, on real parts: `npm run demo:discovery`. A ZooKeeper, providers of two releases, a stock Dubbo consumer that
 * is diverted into Envoy, a Groovy script that Envoy executes; an instance joins, and the registry dies. Needs root.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { AgentLab } from '../test/e2e/discovery/agent-lab.ts';
import { LAB_UIDS } from '../test/e2e/lab/lab.ts';

const [V1, V2, LATE] = [20_881, 20_882, 20_883];
const SCRIPT = `def old = invokers.findAll { it.url.getParameter('release') == 'v1' }
def gray = invokers.findAll { it.url.getParameter('release') == 'v2' }
if (invocation.getAttachment('tag') == 'gray') return gray ?: old
return old
`;

const began = Date.now();
const say = (text: string) => console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`);
const endings: (() => unknown)[] = [];
const context = { after: (end: () => unknown) => endings.push(end) } as unknown as TestContext;

/** Runs a command of weir and shows its output. */
async function show(lab: AgentLab, ...args: readonly string[]): Promise<void> {
  const { stdout } = await lab.run(args);
  const lines = stdout.trimEnd().split('\n');
  console.log([`         $ weir ${args.join(' ')}`, ...lines.map((line) => `         ${line}`)].join('\n'));
}

async function tell(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-demo-'));
  endings.push(() => rmSync(folder, { recursive: true }));
  const [scripts, rules] = [join(folder, 'scripts'), join(folder, 'rules')];
  for (const one of [scripts, rules]) mkdirSync(one, { recursive: true });
  const shop = { select: { user: LAB_UIDS.app }, sidecar: 'main', consumes: { apps: ['orders'] }, rules };
  const lab = await AgentLab.open('demo', context, { more: JSON.stringify({ apps: { shop } }) });
  say('a ZooKeeper runs; two providers of orders start, releases v1 and v2');
  await Promise.all([lab.provider(V1, 'release=v1'), lab.provider(V2, 'release=v2')]);
  await lab.startAgent();
  await lab.status(({ serving }) => serving);
  await lab.startSidecar();
  const on = await lab.weir.json(['on', 'shop']);
  if (on.code !== 0) throw new Error(JSON.stringify(on.json));
  await lab.startConsumer();
  await lab.untilAnswering([V1, V2]);
  say('a stock consumer calls through Envoy: both releases answer');
  await show(lab, 'discovery', 'status');

  writeFileSync(join(scripts, 'orders.groovy'), SCRIPT);
  await lab.run(['rules', 'convert', scripts, '--app', 'orders', '--target', 'envoy', '--out', rules]);
  await lab.untilAnswering([V1]);
  say('a Groovy script was converted into the folder of its rules: Envoy sends calls without a tag to v1');
  await show(lab, 'discovery', 'routes', 'shop');

  await lab.provider(LATE, 'release=v1');
  await lab.untilAnswering([V1, LATE]);
  say('a third provider, v1 as well, has registered and takes calls');

  await lab.calls();
  await lab.killZooKeeper();
  await lab.status(({ registries }) => registries[0].state === 'lost');
  const ports = await lab.answering(3_000);
  say(`the registry was killed; ports ${ports.join(' and ')} answer on, no call failed`);
  await show(lab, 'discovery', 'status');
}

try {
  await tell();
} finally {
  for (const end of endings.toReversed()) await end();
}
process.exit(0);
