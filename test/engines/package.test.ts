/** The packages on bare Debians without Node: from the installation to the purge, with a real systemd and a real Envoy. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DEBIANS } from '../../scripts/setup/systemd.ts';
import { sidecarBootstrap } from '../e2e/sidecar/sidecar-bootstrap.ts';
import { PROJECT_ROOT } from '../run-weir.ts';
import { SOURCE, SystemdMachine } from './systemd-machine.ts';

const ENVOY = `${SOURCE}/.cache/envoy/1.39.3/envoy`;
const folder = mkdtempSync(join(tmpdir(), 'weir-packages-'));
const deb = (version: string) => `weir_${version}_${process.arch === 'x64' ? 'amd64' : 'arm64'}.deb`;

function build(version: string, out: string): void {
  const argv = ['scripts/package.ts', '--version', version, '--out', join(folder, out)];
  const { status, stderr } = spawnSync(process.execPath, argv, { cwd: PROJECT_ROOT, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

before(() => {
  build('0.1.0', 'first');
  build('0.1.0', 'again');
  build('0.2.0', 'later');
});
after(() => rmSync(folder, { recursive: true, force: true }));

it('two builds of one commit have the same bytes', () => {
  const [first, again] = ['first', 'again'].map((out) => readFileSync(join(folder, out, 'SHA256SUMS'), 'utf8'));
  assert.equal(again, first);
  assert.deepEqual(
    (first ?? '').split('\n').map((line) => line.replace(/^.*[.]/, '')),
    ['deb', 'gz', 'json', ''],
  );
});

for (const debian of DEBIANS) {
  describe(`Debian ${debian} without Node`, () => {
    let machine: SystemdMachine;
    const seconds = new Map<string, string>();
    let began = 0;

    const run = (...argv: string[]) => machine.run(...argv);
    const ok = (...argv: string[]): string => {
      const { code, out } = run(...argv);
      assert.equal(code, 0, `${argv.join(' ')}: ${out}\n${machine.log()}`);
      return out;
    };
    // biome-ignore lint/suspicious/noExplicitAny: results differ by command.
    const weir = (...args: string[]): any => {
      const { out } = run('weir', ...args, '--json');
      return JSON.parse(out.split('\n').find((line) => line.startsWith('{')) ?? `{"said":${JSON.stringify(out)}}`);
    };
    /** The rules without the numbers that traffic changes. */
    const rules = () => ok('nft', '--stateless', 'list', 'ruleset');
    const seen = () => {
      const { result } = weir('sidecar', 'status', 'main');
      return { envoy: result.sidecars[0].pid, supervisor: machine.property('weir-sidecars.service', 'MainPID') };
    };
    const timed = (what: string, act: () => void) => {
      const start = performance.now();
      act();
      seconds.set(what, `${((performance.now() - start) / 1000).toFixed(1)} s`);
    };

    before(async () => {
      machine = await SystemdMachine.start(debian);
      for (const [out, version] of [
        ['first', '0.1.0'],
        ['later', '0.2.0'],
      ] as const) {
        cpSync(join(folder, out, deb(version)), join(machine.shared, deb(version)));
      }
    });
    after(async () => {
      process.stdout.write(`${debian}: ${[...seconds].map(([what, time]) => `${what} ${time}`).join(' | ')}\n`);
      await machine?.close();
    });

    it('is installed, and starts and enables nothing', () => {
      assert.notEqual(run('sh', '-c', 'command -v node').code, 0);
      began = performance.now();
      timed('install', () => ok('dpkg', '-i', `/srv/shared/${deb('0.1.0')}`));
      const { result } = weir('version');
      assert.deepEqual([result.version, result.form, result.path], ['0.1.0', 'package', '/usr/bin/weir']);
      ok('weir', 'config', 'check');
      for (const unit of ['weir-sidecars', 'weir-discovery', 'weir-host']) {
        assert.equal(machine.property(`${unit}.service`, 'ActiveState'), 'inactive');
        assert.equal(machine.property(`${unit}.service`, 'UnitFileState'), 'disabled');
      }
      ok(
        'systemd-analyze',
        'verify',
        '--man=no',
        'weir-sidecars.service',
        'weir-discovery.service',
        'weir-host.service',
      );
    });

    it('runs a sidecar, and has an application on', async () => {
      ok('useradd', '--system', 'payment');
      // A way out, over which the proof's packets would leave.
      for (const line of [
        'link add eth0 type veth peer name away',
        'address add 10.9.0.1/24 dev eth0',
        'link set away up',
        'link set eth0 up',
        'route add default via 10.9.0.2',
      ])
        ok('ip', ...line.split(' '));
      const bootstrap = sidecarBootstrap({
        ...{ port: 15_001, upstreamPort: 18_000, label: 'main' },
        ...{ adminPath: '/run/weir/main/admin.sock', accessLog: '/run/weir/main/access.log' },
      });
      await machine.write('/etc/weir/main.json', JSON.stringify(bootstrap));
      const main = {
        ...{ user: 'nobody', outbound: 15_001, admin: 'unix:/run/weir/main/admin.sock' },
        ...{ binary: ENVOY, bootstrap: '/etc/weir/main.json', concurrency: 1, drain: '2s' },
      };
      const apps = { payment: { select: { user: 'payment' }, sidecar: 'main', outbound: { ports: [18_000] } } };
      const mesh = { apiVersion: 'weir.dev/v1', sidecars: { main }, apps };
      await machine.write('/etc/weir/mesh.yaml', JSON.stringify(mesh));
      timed('sidecar', () => ok('systemctl', 'enable', '--now', 'weir-sidecars.service'));
      // Nobody's processes run as the application here, which weir says.
      timed('on', () => ok('weir', 'on', 'payment', '--accept-risk', 'no-process'));
      seconds.set('install to first on', `${((performance.now() - began) / 1000).toFixed(1)} s`);
      const { state, drift } = weir('status').result.apps[0];
      assert.deepEqual([state, drift], ['on', []], JSON.stringify(weir('verify')));
      assert.equal(weir('verify').result.apps[0].packets.ipv4, 'ok');
    });

    for (const [what, version] of [
      ['upgrade', '0.2.0'],
      ['downgrade', '0.1.0'],
    ] as const) {
      it(`${what}: the supervisor becomes the new weir; Envoy, rules and mesh.yaml stay`, () => {
        const [rulesBefore, before, mesh] = [rules(), seen(), ok('cat', '/etc/weir/mesh.yaml')];
        timed(what, () => ok('dpkg', '-i', `/srv/shared/${deb(version)}`));
        assert.equal(weir('version').result.version, version);
        assert.equal(rules(), rulesBefore);
        assert.deepEqual(seen(), before);
        assert.equal(ok('cat', '/etc/weir/mesh.yaml'), mesh);
        const [supervisor] = weir('sidecar', 'handoff').result.supervisors;
        assert.deepEqual([supervisor.outcome, supervisor.to.version], ['unchanged', version]);
        assert.equal(weir('verify').result.apps[0].packets.ipv4, 'ok');
      });
    }

    it('is not removed while an application is on, and says what to do', () => {
      const [before, rulesBefore] = [seen(), rules()];
      const { code, out } = run('dpkg', '-r', 'weir');
      assert.notEqual(code, 0);
      assert.match(out, /weir is not removed: applications still go through[\s\S]*payment[\s\S]*weir off --all/);
      assert.deepEqual([seen(), rules()], [before, rulesBefore]);
      assert.match(ok('dpkg', '--status', 'weir'), /^Status: .* ok installed$/m);
    });

    it('a purge without the script of the removal is refused too, while rules are in the kernel', () => {
      ok('cp', '/var/lib/dpkg/info/weir.prerm', '/srv/shared/prerm');
      ok('rm', '/var/lib/dpkg/info/weir.prerm');
      ok('cp', '-a', '/usr/bin/weir', '/srv/shared/weir');
      const { code, out } = run('dpkg', '-P', 'weir');
      assert.notEqual(code, 0);
      assert.match(out, /weir is not purged: its rules are still in the kernel[\s\S]*^table \w+ weir/m);
      assert.equal(run('test', '-e', '/var/lib/weir/state.json').code, 0);
      ok('dpkg', '-i', `/srv/shared/${deb('0.1.0')}`);
      assert.equal(weir('status').result.apps[0].state, 'on');
    });

    it('is removed once all is off: no process, no rule; mesh.yaml stays', () => {
      ok('weir', 'off', '--all', '--existing', 'keep');
      timed('remove', () => ok('dpkg', '-r', 'weir'));
      assert.doesNotMatch(rules(), /weir/);
      assert.equal(run('pgrep', '-x', 'envoy').code, 1);
      ok('test', '-e', '/etc/weir/mesh.yaml');
    });

    it('is purged without a trace', () => {
      timed('purge', () => ok('dpkg', '-P', 'weir'));
      const places = ['/etc', '/usr', '/var', '/run', '/opt', '/root', '/tmp', '/home'];
      const found = ok('find', ...places, '-xdev', '-path', SOURCE, '-prune', '-o', '-name', '*weir*', '-print');
      assert.equal(found, '');
      assert.doesNotMatch(rules(), /weir/);
    });
  });
}

it('the tarball of npm is installed into a prefix, and runs', () => {
  const npm = (...argv: string[]) => {
    const { status, stdout, stderr } = spawnSync('npm', argv, { cwd: PROJECT_ROOT, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const [{ filename }] = JSON.parse(npm('pack', '--json', '--ignore-scripts', '--pack-destination', folder));
  const prefix = join(folder, 'prefix');
  npm('install', '--global', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund', join(folder, filename));
  // The Node that runs the tests, not an older one of the host.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const { stdout, stderr } = spawnSync(join(prefix, 'bin', 'weir'), ['version', '--json'], { encoding: 'utf8', env });
  assert.equal(stderr, '');
  assert.equal(JSON.parse(stdout).result.form, 'files');
});
