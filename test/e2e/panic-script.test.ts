/** The panic script off.sh in real shells and back ends. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { createIptablesFirewall } from '../../src/interception/adapters/firewall/iptables.ts';
import { createNftFirewall } from '../../src/interception/adapters/firewall/nft.ts';
import { applyPolicy } from '../../src/interception/apply-rules.ts';
import type { Backend } from '../../src/interception/backend.ts';
import { switchedOff } from '../../src/interception/rules/off-switches.ts';
import { renderPanicScript } from '../../src/interception/rules/panic/panic-script.ts';
import { runTool, type ToolResult } from '../../src/platform/exec.ts';
import { cookieOfNamespace } from '../../src/platform/namespace-cookie.ts';
import { namespaceId } from '../../src/platform/namespace-id.ts';
import { ALL_TRAFFIC, appOf, policyOf } from '../interception/rules/apps.ts';
import { until } from '../until.ts';
import { makeNamespace } from './lab/network-namespace.ts';
import { withOwnMountsShell } from './lab/own-mounts.ts';

const APPS = [
  appOf('payment'),
  appOf('web', {
    slot: 2,
    select: { kind: 'users', uids: [2001] },
    inbound: { ...ALL_TRAFFIC, ports: [{ from: 80, to: 80 }] },
  }),
];
const POLICY = policyOf(...APPS);
const DIRECT = 'new connections go direct';
const AGAIN = `${DIRECT} (off.sh was run before)`;
const OFF_ALREADY = 'batch: is off already, its connections go direct\n';
const NOTHING = 'no rules of weir are installed, traffic is direct';

/** Shells of this host that a panic file may meet. */
const SHELLS = [['dash'], ['bash', '--posix'], ['busybox', 'sh']].filter(([shell]) =>
  ['/usr/bin', '/bin'].some((folder) => existsSync(join(folder, shell ?? ''))),
) as [string, ...string[]][];
const SHELL = SHELLS[0] ?? ['sh'];

const folder = mkdtempSync(join(tmpdir(), 'weir-panic-'));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true, force: true }));

interface Options {
  readonly shell?: readonly [string, ...string[]];
  /** Before the shell: nsenter, setpriv ... */
  readonly through?: readonly string[];
  readonly path?: string;
}

/** A namespace with rules of a back end and a panic file for them. */
async function setUp(context: TestContext, backend: Backend, netns?: 'by path' | 'by id') {
  const namespace = await makeNamespace(`panic-${backend}`);
  context.after(() => namespace.remove());
  const runDir = mkdtempSync(join(folder, 'run-'));
  chmodSync(runDir, 0o755);
  const firewall =
    backend === 'nft'
      ? createNftFirewall(namespace.tool)
      : createIptablesFirewall(backend === 'iptables-nft' ? 'nft' : 'legacy', namespace.tool);
  const script = join(runDir, 'off.sh');
  const text = renderPanicScript({
    backend,
    runDir,
    netns: netns === 'by path' ? namespace.path : '',
    namespaceId: netns === 'by id' ? namespaceId(namespace.path) : null,
    namespaceCookie: netns === 'by id' ? cookieOfNamespace(namespace.path) : null,
    apps: APPS,
    known: ['batch'],
  });
  writeFileSync(script, text);
  return {
    ...{ namespace, runDir, script, firewall },
    install: () => applyPolicy(firewall, POLICY, ['payment', 'web']),
    off: async () => [...switchedOff((await firewall.read()).rulesets)].map(([app, causes]) => `${app} ${causes}`),
    markers: () => (existsSync(join(runDir, 'off.d')) ? readdirSync(join(runDir, 'off.d')).sort() : []),
    press: (args: readonly string[], options: Options = {}): Promise<ToolResult> => {
      const { shell = SHELL, through = [], path } = options;
      const [file = 'sh', ...rest] = [...through, ...shell, script, ...args];
      const env = path === undefined ? {} : { env: { PATH: path } };
      return namespace.tool([file, ...rest], { timeoutMs: 20_000, reject: false, ...env });
    },
  };
}

for (const backend of ['nft', 'iptables-nft', 'iptables-legacy'] as const) {
  for (const shell of SHELLS) {
    test(`${backend}, ${shell.join(' ')}: one application is sent direct, then all, and pressing again is no error`, async (context) => {
      const { install, off, markers, press, script } = await setUp(context, backend);
      await runTool([...shell, '-n', script] as [string, ...string[]], { timeoutMs: 30_000 });
      await install();
      const one = await press(['payment'], { shell });
      assert.deepEqual([one.exitCode, one.stdout, one.stderr], [0, `payment: ${DIRECT}\n`, '']);
      assert.deepEqual(await off(), ['payment off.sh']);
      assert.deepEqual(markers(), ['payment']);
      const all = await press([], { shell });
      assert.deepEqual([all.exitCode, all.stdout], [0, `${OFF_ALREADY}payment: ${AGAIN}\nweb: ${DIRECT}\n`]);
      assert.deepEqual(await off(), ['payment off.sh', 'web off.sh']);
      const again = await press([], { shell });
      assert.deepEqual([again.exitCode, again.stdout], [0, `${OFF_ALREADY}payment: ${AGAIN}\nweb: ${AGAIN}\n`]);
      assert.deepEqual(await off(), ['payment off.sh', 'web off.sh']);
    });
  }

  test(`${backend}: an unknown application changes nothing, one that is off is no error`, async (context) => {
    const { install, off, markers, press } = await setUp(context, backend);
    await install();
    for (const names of [['nobody'], ['payment', 'nobody'], ['payment web'], [''], ['*'], ['-h']]) {
      const unknown = await press(names);
      assert.deepEqual([unknown.exitCode, unknown.stdout], [2, '']);
      assert.match(unknown.stderr, /nothing was changed. Known are: batch payment web/);
    }
    const known = await press(['batch']);
    assert.deepEqual([known.exitCode, known.stdout], [0, OFF_ALREADY]);
    assert.deepEqual([await off(), markers()], [[], []]);
  });

  test(`${backend}: without rules it says that traffic is direct, makes none, and still leaves its markers`, async (context) => {
    const { markers, press, namespace } = await setUp(context, backend);
    const { exitCode, stdout } = await press(['payment', 'web']);
    assert.deepEqual([exitCode, stdout], [0, `payment: ${NOTHING}\nweb: ${NOTHING}\n`]);
    assert.deepEqual(markers(), ['payment', 'web']);
    assert.equal((await namespace.sh('nft list ruleset')).stdout, '');
    assert.equal((await namespace.sh('cat /proc/net/ip_tables_names')).stdout, '');
  });

  test(`${backend}: the tool runs once a family, nft twice more to look, from a PATH without sbin`, async (context) => {
    const { install, off, press, runDir } = await setUp(context, backend);
    await install();
    const tools =
      backend === 'nft'
        ? ['nft', 'nft', 'nft']
        : [`ip6tables-${kindOf(backend)}-restore`, `iptables-${kindOf(backend)}-restore`];
    const bin = countingTools(runDir, tools);
    assert.equal((await press([], { path: `${bin.folder}:/bin` })).exitCode, 0);
    assert.deepEqual(bin.calls(), tools);
    assert.deepEqual(await off(), ['payment off.sh', 'web off.sh']);
    assert.equal((await press([], { path: '/bin' })).exitCode, 0);
  });

  test(`${backend}: a run directory that cannot be written is no hindrance`, async (context) => {
    const { install, off, markers, press, runDir } = await setUp(context, backend);
    await install();
    const readOnly = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"';
    const through = withOwnMountsShell(readOnly, 'sh', runDir);
    const { exitCode, stdout, stderr } = await press(['web'], { through });
    assert.deepEqual([exitCode, stdout, stderr], [0, `web: ${DIRECT}\n`, '']);
    assert.deepEqual([await off(), markers()], [['web off.sh'], []]);
  });

  test(`${backend}: without rights it exits 3 and says that what was diverted still is`, async (context) => {
    const { install, off, press } = await setUp(context, backend);
    await install();
    const { exitCode, stdout, stderr } = await press(['web'], {
      through: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
    });
    assert.deepEqual([exitCode, stdout], [3, '']);
    assert.match(stderr, /failed, and what was diverted still is: .*(not permitted|Permission denied)/);
    assert.deepEqual(await off(), []);
  });

  for (const netns of ['by path', 'by id'] as const) {
    for (const shell of SHELLS) {
      test(`${backend}, ${shell.join(' ')}: it enters the namespace that the rules are in by itself, ${netns}`, async (context) => {
        const { install, off, script } = await setUp(context, backend, netns);
        await install();
        const { stdout } = await runTool([...shell, script, 'payment'], { timeoutMs: 20_000 });
        assert.equal(stdout, `payment: ${DIRECT}\n`);
        assert.deepEqual(await off(), ['payment off.sh']);
      });
    }
  }

  test(`${backend}: on a host without nsenter perl enters the namespace, and without both it says so`, async (context) => {
    const { install, off, script } = await setUp(context, backend, 'by id');
    await install();
    // What is no file to be executed is not found, wherever PATH leads.
    const press = (...hidden: readonly string[]) => {
      const mounts = hidden.map((file) => `mount --bind /dev/null ${file} && `).join('');
      const argv = withOwnMountsShell(`${mounts}exec "$@"`, 'sh', ...SHELL, script, 'payment');
      return runTool(argv, { timeoutMs: 20_000, reject: false });
    };
    const [nsenter, perl] = ['/usr/bin/nsenter', '/usr/bin/perl'];
    const refused = await press(nsenter, perl);
    assert.deepEqual([refused.exitCode, refused.stdout], [3, ''], refused.stderr);
    assert.match(refused.stderr, /cannot be entered: .*perl.* Nothing was changed/);
    assert.deepEqual(await off(), []);
    const pressed = await press(nsenter);
    assert.deepEqual([pressed.exitCode, pressed.stdout], [0, `payment: ${DIRECT}\n`], pressed.stderr);
    assert.deepEqual(await off(), ['payment off.sh']);
  });

  test(`${backend}: a namespace without a name is found by a process in it, and one that is not found is no answer`, async (context) => {
    const { install, off, script, namespace } = await setUp(context, backend, 'by id');
    await install();
    const unnamed = (argv: readonly string[]) =>
      withOwnMountsShell(
        'umount /run/netns/* 2>/dev/null; rm -f /run/netns/none; mount -t tmpfs none /run/netns && exec "$@"',
        'sh',
        ...argv,
      );
    const press = () => runTool(unnamed([...SHELL, script, 'payment']), { timeoutMs: 20_000, reject: false });
    const lost = await press();
    assert.deepEqual([lost.exitCode, lost.stdout], [3, ''], lost.stderr);
    assert.match(lost.stderr, /another network namespace \(net:\[\d+\]\), which is not found from here/);
    assert.deepEqual(await off(), []);
    const controller = new AbortController();
    const living = namespace.tool(['sleep', '60'], { timeoutMs: 60_000, signal: controller.signal }).catch(() => null);
    const inside = ['ip', 'netns', 'pids', namespace.name] as const;
    await until('it to be in the namespace', async () => (await runTool(inside, { timeoutMs: 30_000 })).stdout !== '');
    const found = await press();
    controller.abort(new Error('enough'));
    await living;
    assert.deepEqual([found.exitCode, found.stdout], [0, `payment: ${DIRECT}\n`], found.stderr);
    assert.deepEqual(await off(), ['payment off.sh']);
  });
}

test('iptables: a family that fails is told, and the other one is switched all the same', async (context) => {
  const { install, press, runDir, namespace } = await setUp(context, 'iptables-nft');
  await install();
  const bin = countingTools(runDir, []);
  for (const tool of ['ip6tables-nft-restore', 'ip6tables-nft-save']) {
    writeFileSync(join(bin.folder, tool), '#!/bin/sh\necho "broken on purpose" >&2\nexit 4\n', { mode: 0o755 });
  }
  const { exitCode, stderr, stdout } = await press(['payment'], { path: `${bin.folder}:/bin` });
  assert.deepEqual([exitCode, stdout], [1, '']);
  assert.match(
    stderr,
    /^off\.sh: IPv6: ip6tables-nft-restore failed, and what was diverted still is: broken on purpose$/m,
  );
  assert.match((await namespace.sh('iptables-nft-save -t nat')).stdout, /WEIR_O_0001 .*by=off\.sh" -j RETURN/);
});

test('iptables: a chain that is gone does not keep the others from being switched', async (context) => {
  const { install, press, namespace } = await setUp(context, 'iptables-nft');
  await install();
  const gone = '*nat\n-F WEIR_PREROUTING\n-F WEIR_I_0002\n-X WEIR_I_0002\nCOMMIT\n';
  await namespace.sh('iptables-nft-restore --noflush', gone);
  const { exitCode, stdout } = await press(['web', 'payment']);
  assert.deepEqual([exitCode, stdout], [0, `web: ${DIRECT}\npayment: ${DIRECT}\n`]);
  const { stdout: rules } = await namespace.sh('iptables-nft-save -t nat');
  assert.equal(rules.match(/by=off\.sh/g)?.length, 2);
});

function kindOf(backend: Backend): string {
  return backend === 'iptables-nft' ? 'nft' : 'legacy';
}

/** A folder of programs that write down that they were called, then become the real ones. */
function countingTools(runDir: string, tools: readonly string[]): { folder: string; calls: () => string[] } {
  const bin = join(runDir, 'bin');
  const log = join(runDir, 'calls');
  mkdirSync(bin);
  writeFileSync(log, '');
  for (const tool of tools) {
    writeFileSync(join(bin, tool), `#!/bin/sh\necho ${tool} >>'${log}'\nexec /usr/sbin/${tool} "$@"\n`, {
      mode: 0o755,
    });
  }
  return {
    folder: bin,
    calls: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
  };
}

test('nft: an application whose mark was taken away by hand is taken out of the rules, the others stay switched', async (context) => {
  const { namespace, install, press, firewall } = await setUp(context, 'nft');
  await install();
  const maps = async () =>
    (await namespace.tool(['nft', 'list', 'map', 'inet', 'weir', 'out_uid_app'], { timeoutMs: 30_000 })).stdout;
  await namespace.tool(['nft', 'delete element inet weir out_uid_mark { 2001 }'], { timeoutMs: 30_000 });
  assert.match(await maps(), /2001/);
  const pressed = await press([]);
  assert.deepEqual([pressed.exitCode, pressed.stderr], [0, '']);
  assert.doesNotMatch(await maps(), /2001/);
  const payment = [...switchedOff((await firewall.read()).rulesets)].find(([app]) => app === 'payment');
  assert.deepEqual(payment, ['payment', ['off.sh']]);
});
