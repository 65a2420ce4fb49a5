/** The surroundings of the tour with stand-ins for namespaces, Envoy, weir and actors. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startOwned } from '../../../src/tour/adapters/children.ts';
import { openRealTourLab } from '../../../src/tour/adapters/real-tour-lab.ts';
import { fakePath } from '../../fakes/fake-path.ts';

/** Says its version; else serves /ready on the admin socket of its bootstrap, under the name of its process. */
const ENVOY = `#!${process.execPath}
const { readFileSync, rmSync } = require('fs');
if (process.argv[2] === '--version') { console.log('envoy  version: abc/1.40.0/Clean/RELEASE'); process.exit(0); }
const { admin } = JSON.parse(readFileSync(process.argv[3], 'utf8'));
rmSync(admin.address.pipe.path, { force: true });
require('http').createServer((_request, response) => response.end('LIVE\\n')).listen(admin.address.pipe.path);
`;

/** Answers every command of weir with its own arguments, or as one of them tells it to. */
const WEIR = `
const args = process.argv.slice(2);
if (args[0] === 'hang') setInterval(() => {}, 1000);
else if (args[0] === 'garbage') console.log('no json');
else if (args[0] === 'fail') { console.log(JSON.stringify({ error: { message: 'refused', why: 'of something' }, warnings: ['careful'] })); process.exitCode = 3; }
else if (args.slice(0, 2).join(' ') === 'sidecar run') {
  require('fs').mkdirSync(args[args.indexOf('--run-dir') + 1] + '/main', { recursive: true });
  require('fs').writeFileSync(args[args.indexOf('--run-dir') + 1] + '/main/g1.pid', process.pid + ' 1');
  setInterval(() => {}, 1000);
} else console.log(JSON.stringify({ result: { args, cwd: process.cwd(), sidecars: [{ state: 'live' }] } }));
`;

/** Answers each operation as the real actor does, with made-up numbers. */
const ACTOR = `
const answers = {
  serve: {}, request: { ok: true, viaEnvoy: true, ms: 3, detail: '200' },
  'stream-open': { stream: 7 }, 'stream-state': { received: 5, gaps: 0, ended: null }, 'stream-close': {},
  'load-start': { load: 9 }, 'load-stop': { sent: 4, viaEnvoy: 3, direct: 1, failed: 0 },
  'numbered-start': { load: 11 }, 'numbered-stop': { sent: 20, viaEnvoy: 20, lost: 0, errors: ['ECONNRESET'] },
  'numbered-seen': { doubled: 2 },
};
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  require('fs').appendFileSync(__dirname + '/asked', process.argv[2] + ' ' + command.op + '\\n');
  console.log(JSON.stringify({ id: command.id, ...answers[command.op] }));
}).on('close', () => process.exit(0));
`;

const TO_DASHES = 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"';

async function labIn(t: TestContext, envoyScript = ENVOY) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-tour-lab-'));
  const { TMPDIR } = process.env;
  t.after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o755 });
    return join(folder, name);
  };
  const tools = fakePath(t, {
    ...{ nsenter: TO_DASHES, setpriv: TO_DASHES },
    nft: 'if [ "$1" = list ]; then echo "counter packets 5 bytes 300 accept"; else cat >"$HERE/foreign"; fi',
    ...{ 'iptables-save': 'echo "# by hand"; echo ":A ACCEPT [3:4]"', 'ip6tables-save': 'exit 0' },
    ...{ 'iptables-legacy-save': 'exit 1', 'ip6tables-legacy-save': 'exit 1' },
  });
  const examples = join(folder, 'examples');
  mkdirSync(examples);
  writeFileSync(join(examples, 'pricing.groovy'), 'return invokers\n');
  const envoy = file('envoy.cjs', envoyScript);
  const held = [startOwned(['sleep', '60'], { stdio: 'ignore' }), startOwned(['sleep', '60'], { stdio: 'ignore' })];
  const [app, upstream] = held;
  assert.ok(app && upstream);
  let hasEnded = false;
  const end = async () => {
    hasEnded = true;
    await Promise.all(held.map((one) => one.end()));
  };
  // Where the tour makes its own folder.
  process.env.TMPDIR = folder;
  const options = {
    ...{ envoys: { newest: envoy, older: envoy }, weir: [process.execPath, file('weir.cjs', WEIR)] as const },
    ...{ actor: [process.execPath, file('actor.cjs', ACTOR)] as const, examples },
  };
  return {
    open: () => openRealTourLab(options, async () => ({ app, upstream, end })),
    asked: () => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n'),
    hasEnded: () => hasEnded,
    left: () => readdirSync(folder).filter((name) => name.startsWith('weir-tour-')),
    ...{ tools, app },
  };
}

test('weir runs in the folder of the tour and in the namespace of the application, and its document is read', async (t) => {
  const { open, app, left, hasEnded } = await labIn(t);
  const lab = await open();
  assert.equal(lab.envoyVersion, '1.40.0');
  const on = await lab.weir(['on', 'payment']);
  const { args, cwd } = on.result as { args: string[]; cwd: string };
  assert.deepEqual([on.command, on.exit, on.error, on.warnings], ['weir on payment', 0, null, []]);
  assert.deepEqual(args.slice(0, 3), ['on', 'payment', '--json']);
  assert.deepEqual(args.slice(-2), ['--netns', String(app.pid)]);
  assert.ok(existsSync(join(cwd, 'pricing.groovy')));
  assert.match(readFileSync(join(cwd, 'mesh.yaml'), 'utf8'), /payment: \{select: \{user: 20001\}, sidecar: main\}/);
  for (const words of [
    ['rules', 'inspect'],
    ['sidecar', 'status'],
  ]) {
    const { result } = await lab.weir(words);
    assert.ok(!(result as { args: string[] }).args.includes('--netns'), words.join(' '));
  }
  const failed = await lab.weir(['fail']);
  assert.deepEqual([failed.exit, failed.error, failed.warnings], [3, 'refused: of something', ['careful']]);
  assert.match((await lab.weir(['garbage'])).error ?? '', /^no JSON document, but "no json/);
  // The same file twice is a change only by force.
  assert.deepEqual(lab.upgradeArguments, ['sidecar', 'upgrade', 'main', '--binary', 'envoy-new', '--force']);
  await lab.close();
  assert.deepEqual([left(), hasEnded()], [[], true]);
});

test('applications and upstream are actors under their accounts, and what they count is passed on', async (t) => {
  const { open, asked } = await labIn(t);
  const lab = await open();
  t.after(() => lab.close());
  assert.deepEqual(await lab.request('payment'), { ok: true, viaEnvoy: true, ms: 3, detail: '200' });
  const stream = await lab.openStream('report');
  assert.deepEqual(await stream.state(), { received: 5, gaps: 0, ended: null });
  await stream.close();
  const load = await lab.startLoad('payment', 10);
  assert.deepEqual(await load.stop(), { sent: 4, viaEnvoy: 3, direct: 1, failed: 0 });
  const numbered = await lab.startNumberedLoad('payment', { perSecond: 10, connections: 2, longMs: 5 });
  assert.deepEqual(await numbered.stop(), { sent: 20, viaEnvoy: 20, lost: 0, doubled: 2, errors: ['ECONNRESET'] });
  assert.deepEqual(asked().slice(0, 3), ['0 serve', '20001 request', '20002 stream-open']);
  assert.ok(asked().includes('0 numbered-seen'));
});

test('its Envoy can be killed and started again, and lines of its log are counted by application', async (t) => {
  const { open } = await labIn(t);
  const lab = await open();
  t.after(() => lab.close());
  const { cwd } = (await lab.weir(['status'])).result as { cwd: string };
  await lab.killEnvoy();
  await lab.startEnvoy();
  assert.equal(await lab.accessLogLines('payment'), 0);
  writeFileSync(join(cwd, 'access.log'), '{"path":"/payment"}\n{"path":"/report"}\n{"path":"/payment"}\n{"path":"/pay');
  assert.equal(await lab.accessLogLines('payment'), 2);
});

test('a supervised Envoy is live when weir says so, and is stopped at the end', async (t) => {
  const { open, left } = await labIn(t);
  const lab = await open();
  assert.deepEqual(await lab.superviseEnvoy(), { command: 'weir sidecar run main', live: true });
  await lab.close();
  assert.deepEqual(left(), []);
});

test('weir can be killed at work; the rules of others are added and listed without what traffic moves', async (t) => {
  const { open, tools } = await labIn(t);
  const lab = await open();
  t.after(() => lab.close());
  const hanging = lab.weir(['hang']);
  assert.equal(await lab.killWeir(), 1);
  assert.equal((await hanging).exit, 70);
  assert.equal(await lab.firewallListing(), 'counter accept\n\n\n:A ACCEPT []');
  await lab.addForeignRules();
  assert.match(readFileSync(join(tools, 'foreign'), 'utf8'), /^table ip somebody/);
  const { cwd } = (await lab.weir(['status'])).result as { cwd: string };
  mkdirSync(join(cwd, 'run'), { recursive: true });
  writeFileSync(join(cwd, 'run', 'off.sh'), '[ "$1" = payment ] || exit 3\n');
  assert.deepEqual(
    { ...(await lab.panic('payment')), ms: 0 },
    { command: 'sh /run/weir/off.sh payment', ms: 0, exit: 0 },
  );
  assert.equal((await lab.panic('report')).exit, 3);
});

test('an Envoy that cannot be run ends all that was begun', async (t) => {
  const { open, left, hasEnded } = await labIn(t, '#!/bin/sh\nexit 1\n');
  await assert.rejects(open(), { code: 'WEIR2003' });
  assert.deepEqual([left(), hasEnded()], [[], true]);
});
