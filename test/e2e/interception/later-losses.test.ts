/** What breaks calls later, or beside weir's rules: limits of the kernel, accounts, user namespaces. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WEIR_BIN } from '../../run-weir.ts';
import { startFakeProxy } from '../lab/fake-proxy.ts';
import { LAB_ADDRESSES, LAB_UIDS } from '../lab/lab.ts';
import { PORTS, type Stage, setStage } from './stage.ts';

const { app: APP } = LAB_UIDS;
const FAKE_PROXY = fileURLToPath(new URL('../lab/programs/fake-proxy.ts', import.meta.url));

/** The findings of `weir check` in one text. */
async function checked({ weir }: Stage, category: string): Promise<string> {
  return JSON.stringify((await weir.json(['check', category])).json.result);
}

/** A call of the application that is silent for some seconds in between; prints how its second half ended. */
function idleCall(seconds: number): string {
  const place = `('${LAB_ADDRESSES.upstream.ipv4}',${PORTS.http})`;
  return `import encodings.idna,os,socket,time
os.setegid(${APP})
os.seteuid(${APP})
s=socket.create_connection(${place},3)
ask=b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'
s.send(ask)
s.recv(999)
time.sleep(${seconds})
try:
  s.send(ask)
  print('ended' if s.recv(999)==b'' else 'answered')
except OSError as e:
  print(type(e).__name__)`;
}

test('an idle proxied connection that conntrack forgets is lost, check says so before, and tproxy loses none (2.11)', async (t) => {
  const stage = await setStage('forgetful', { test: t, sidecar: 'transparent' });
  const { lab, weir } = stage;
  const call = async (): Promise<string> =>
    (await lab.client.tool(['python3', '-c', idleCall(4)], { timeoutMs: 20_000 })).stdout.trim();
  const redirecting = { ...stage.mesh, sidecars: { main: { ...mainOf(stage), mode: 'redirect' } } };
  weir.configure(redirecting);
  assert.equal((await weir.json(['on', 'payment'])).code, 0);
  assert.doesNotMatch(await checked(stage, 'conntrack'), /idle connections are forgotten/);
  await lab.client.sh('sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=2');
  assert.match(await checked(stage, 'conntrack'), /idle connections are forgotten after 2 s/);
  assert.match(await call(), /ConnectionReset|ended/);
  assert.equal((await weir.json(['uninstall', '--existing', 'cut'])).code, 0);
  weir.configure(stage.mesh);
  assert.equal((await weir.json(['on', 'payment'])).code, 0);
  assert.equal(await call(), 'answered');
});

function mainOf({ mesh }: Stage): object {
  return (mesh as { sidecars: { main: object } }).sidecars.main;
}

test('a port of the sidecar among those of outgoing connections: check names it, and a connection does take it (2.12)', async (t) => {
  const stage = await setStage('port-taken', { test: t });
  const { lab, sidecar } = stage;
  assert.doesNotMatch(await checked(stage, 'sidecar'), /lies among those/);
  await lab.client.tool(['sysctl', '-qw', 'net.ipv4.ip_local_port_range=15000 15011'], { timeoutMs: 30_000 });
  assert.match(await checked(stage, 'sidecar'), /port 15001, 15006 lies among those.*15000-15011/);
  await lab.client.tool(['sysctl', '-qw', 'net.ipv4.ip_local_reserved_ports=15001,15006'], { timeoutMs: 30_000 });
  assert.doesNotMatch(await checked(stage, 'sidecar'), /lies among those/);
  await lab.client.tool(['sysctl', '-qw', 'net.ipv4.ip_local_reserved_ports='], { timeoutMs: 30_000 });
  await sidecar.process.stop();
  // As many connections as there are ports: one of them has the sidecar's. The kernel looks at an even number of ports:
  // of an odd range one port is now and then not found.
  const takers = lab.start(lab.client, [
    'python3',
    '-c',
    `import socket,time\nl=[socket.create_connection(('${LAB_ADDRESSES.upstream.ipv4}',${PORTS.http}),3) for _ in range(12)]\nprint('READY',flush=True)\ntime.sleep(60)`,
  ]);
  await takers.line(/^READY/);
  await assert.rejects(startFakeProxy(lab, { families: [4], uid: 1338 }), /EADDRINUSE/);
});

test('a group that the sidecar has as a supplementary one only is refused before it can loop (2.1)', async (t) => {
  const stage = await setStage('supplementary', { test: t });
  const { lab, weir } = stage;
  const folder = lab.makeFolder('second', 0);
  const admin = join(folder, 'admin.sock');
  const listeners = [{ address: '127.0.0.1', port: 15_011, from: null }];
  const options = JSON.stringify({ listeners, admin, ready: true, uid: 1400 });
  const second = lab.start(lab.client, ['setpriv', '--groups=1337', process.execPath, FAKE_PROXY, options]);
  await second.line(/^READY/);
  weir.configure({ ...stage.mesh, sidecars: { main: { group: 1337, outbound: 15_011, admin: `unix:${admin}` } } });
  const before = await stage.listing();
  const on = await weir.json(['on', 'payment']);
  assert.deepEqual([on.code, on.json.error?.code], [3, 'WEIR3015'], JSON.stringify(on.json));
  assert.match(on.json.error?.hint ?? '', /--accept-risk sidecar-account/);
  assert.match(`${on.json.error?.message}`, /uid 1400, gid 1400/);
  assert.equal(await stage.listing(), before);
});

/** The kernel makes no user namespace for a process in a chroot (user_namespaces(7)), whatever its rights. */
function isInChroot(): boolean {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4]);
  return !points.includes('/');
}

test('a network namespace of another user namespace is refused by its name, and nothing is changed', {
  skip: isInChroot() ? 'the kernel makes no user namespace in a chroot' : false,
}, async (t) => {
  const stage = await setStage('userns', { test: t });
  const { lab, weir } = stage;
  const folder = lab.makeFolder('inside', 0);
  const admin = join(folder, 'admin.sock');
  const listeners = [{ address: '127.0.0.1', port: 15_001, from: null }];
  const options = JSON.stringify({ listeners, admin, ready: true, uid: 0 });
  const inside = lab.start(lab.client, [
    ...['unshare', '--user', '--map-root-user', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'],
    ...[process.execPath, FAKE_PROXY, options],
  ]);
  await inside.line(/^READY/);
  const main = { user: 0, outbound: 15_001, admin: `unix:${admin}` };
  writeFileSync(join(folder, 'mesh.json'), JSON.stringify({ ...stage.mesh, sidecars: { main } }));
  const own = ['--config', join(folder, 'mesh.json'), '--run-dir', join(folder, 'r'), '--state-dir', join(folder, 's')];
  const argv = [process.execPath, WEIR_BIN, 'on', 'payment', '--json', '--netns', String(inside.pid), ...own] as const;
  const on = await lab.client.tool([...argv], { timeoutMs: 20_000, reject: false });
  const answer = JSON.parse(on.stdout);
  assert.deepEqual([on.exitCode, answer.error?.code], [3, 'WEIR3015'], on.stdout);
  assert.match(answer.error.hint, /nsenter -t \d+ -U -n.*--accept-risk user-namespace/);
  const rules = await lab.client.tool(
    ['nsenter', '-t', String(inside.pid), '-U', '-n', '--preserve-credentials', 'nft', 'list', 'ruleset'],
    { timeoutMs: 30_000, reject: false },
  );
  assert.doesNotMatch(rules.stdout, /weir/);
  assert.doesNotMatch((await weir.json(['status'])).stdout, /"state":"on"/);
});
