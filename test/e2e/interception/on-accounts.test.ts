/** Accounts, processes, sockets and interfaces that make an application see something else than the proof, for real. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { LAB_ADDRESSES, LAB_UIDS } from '../lab/lab.ts';
import { untilProgram } from '../lab/lab-process.ts';
import { startHttpUpstream, startProgram } from '../lab/traffic.ts';
import { assertRoute, BACKENDS, PORTS, type Stage, setStage } from './stage.ts';

const INBOUND = 8088;

async function assertRefused(stage: Stage, app: string, id: string, evidence: RegExp): Promise<void> {
  const before = await stage.listing();
  const on = await stage.weir.json(['on', app]);
  assert.deepEqual([on.code, on.json.error?.code], [3, 'WEIR3015'], JSON.stringify(on.json));
  assert.match(on.json.error?.hint ?? '', new RegExp(`--accept-risk ${id}`));
  assert.match(`${on.json.error?.message} ${on.json.error?.why}`, evidence);
  assert.equal(await stage.listing(), before);
}

test('a sidecar under another account than mesh.yaml names is refused before it can loop (2.1)', async (t) => {
  const stage = await setStage('account', { test: t, sidecar: { uid: 1400 } });
  await assertRefused(stage, 'payment', 'sidecar-account', /uid 1400, gid 1400.*mesh\.yaml says uid 1337/);
  const { sidecars } = stage.mesh as { sidecars: { main: object } };
  stage.weir.configure({ ...stage.mesh, sidecars: { main: { ...sidecars.main, user: 1400 } } });
  assert.equal((await stage.weir.json(['on', 'payment'])).code, 0);
});

test('a group that a process has as a supplementary one is refused (3.4); one elsewhere is named with its pid (3.1)', async (t) => {
  const stage = await setStage('groups', {
    test: t,
    apps: { shared: { select: { group: 5555 }, sidecar: 'main' } },
  });
  const { lab, weir } = stage;
  const nap = ['sleep', '60'];
  const member = lab.start(lab.client, ['setpriv', '--reuid=31005', '--regid=31005', '--groups=5555', ...nap]);
  await untilProgram(member, 'sleep');
  await assertRefused(stage, 'shared', 'supplementary-group', new RegExp(`${member.pid} \\(sleep\\)`));
  const far = lab.start(lab.upstream, nap, { uid: LAB_UIDS.app });
  await untilProgram(far, 'sleep');
  const on = await weir.json(['on', 'payment']);
  assert.equal(on.code, 0);
  assert.match(on.json.warnings.join(), new RegExp(`${far.pid} \\(sleep\\) elsewhere.*--netns ${far.pid}`));
  const { apps } = (await weir.json(['status', 'payment'])).json.result;
  assert.equal(apps[0].troubles[0].kind, 'elsewhere');
});

test('a socket that is bound to a device is a warning (2.4)', async (t) => {
  const stage = await setStage('bound', { test: t });
  const { lab, weir } = stage;
  const address = LAB_ADDRESSES.upstream.ipv4;
  const socat = lab.start(lab.client, [
    'python3',
    '-c',
    `import os,socket,time\nos.setegid(${LAB_UIDS.app})\nos.seteuid(${LAB_UIDS.app})\ns=socket.socket()\nos.seteuid(0)\ns.setsockopt(socket.SOL_SOCKET,25,b'eth0')\ns.connect(('${address}',${PORTS.http}))\nprint('READY',flush=True)\ntime.sleep(60)`,
  ]);

  await socat.line(/^READY/);
  const on = await weir.json(['on', 'payment']);
  assert.equal(on.code, 0, JSON.stringify(on.json));
  assert.match(
    on.json.warnings.join(),
    new RegExp(`bound to eth0 \\(to ${address.replaceAll('.', '\\.')} port ${PORTS.http}\\)`),
  );
});

test('a socket that was made as root goes direct after its process took its own account, as help mesh-yaml says (3.8)', async (t) => {
  const stage = await setStage('root-socket', { test: t });
  const { lab, weir } = stage;
  const { ipv4 } = LAB_ADDRESSES.upstream;
  assert.equal((await weir.json(['on', 'payment'])).code, 0);
  const program = `import os,socket,sys
early=socket.socket()
os.setgid(${LAB_UIDS.app}); os.setuid(${LAB_UIDS.app})
late=socket.socket()
for name,s in (('early',early),('late',late)):
    s.connect(('${ipv4}',${PORTS.http})); s.sendall(b'GET / HTTP/1.1\\r\\nHost: lab\\r\\n\\r\\n')
    text=s.recv(65536).decode()
    while '"peer"' not in text: text+=s.recv(65536).decode()
    way='direct' if '"port":%d}' % s.getsockname()[1] in text.split('"peer"')[1].split('"local"')[0] else 'proxy'
    print('WAY',name,way,flush=True)
sys.stdin.read()
`;
  const process = lab.start(lab.client, ['python3', '-c', program]);
  await process.line(/^WAY early direct/);
  await process.line(/^WAY late proxy/);
  const { apps } = (await weir.json(['status', 'payment'])).json.result;
  assert.deepEqual(apps[0].connections, { proxied: 1, direct: 0 });
});

test('a service address on lo behind an interface without one is refused with inbound on (2.6)', async (t) => {
  const stage = await setStage('unnumbered', {
    test: t,
    apps: { calls: { select: { user: 31_000 }, sidecar: 'main', inbound: { ports: [INBOUND] } } },
  });
  const { client } = stage.lab;
  await client.sh('ip addr add 10.9.9.9/32 dev lo');
  await client.sh('ip addr flush dev eth0 scope global');
  await client.sh('ip addr add fd77::1/64 dev eth0 nodad');
  await client.sh('ip route add 10.77.0.0/24 dev eth0 src 10.9.9.9');
  await assertRefused(stage, 'calls', 'no-address', /eth0 carries IPv4 and has no IPv4 address/);
});

for (const backend of BACKENDS) {
  test(`${backend}: calls from a throw-away neighbour prove inbound, or say that nothing was proven (2.2)`, async (t) => {
    const stage = await setStage(`outside-${backend}`, {
      test: t,
      apps: {
        calls: { select: { user: 31_000 }, sidecar: 'main', inbound: { ports: [INBOUND] } },
        silent: { select: { user: 31_001 }, sidecar: 'main', inbound: { ports: [8099] } },
      },
    });
    const { lab, weir } = stage;
    await startHttpUpstream(lab, { namespace: lab.client, port: INBOUND, uid: 31_000 });
    const links = (await lab.client.sh('ip -o link')).stdout;
    const on = await weir.json(['on', 'calls', 'silent', '--backend', backend]);
    assert.equal(on.code, 0, JSON.stringify(on.json));
    const [calls, silent] = on.json.result.apps;
    assert.deepEqual(calls.inbound, { result: 'ok', detail: null }, JSON.stringify(on.json));
    assert.equal(silent.inbound.result, 'not proven');
    assert.match(silent.inbound.detail, /nobody listens/);
    const verify = await weir.json(['verify']);
    assert.equal(verify.code, 0, JSON.stringify(verify.json));
    assert.deepEqual(
      // biome-ignore lint/suspicious/noExplicitAny: the result of another command.
      verify.json.result.apps.map(({ name, inbound }: any) => [name, inbound?.result]),
      [
        ['calls', 'ok'],
        ['silent', 'not proven'],
      ],
    );
    assert.equal((await lab.client.sh('ip -o link')).stdout, links, 'the link is gone');
    const text = await weir.run(['on', 'silent']);
    assert.match(text.stdout, /inbound: not proven \(nobody listens/);
    await weir.run(['off', 'calls', 'silent', '--existing', 'cut']);
    // A filter that no reading of rules could explain: what comes in at the sidecar's port is dropped by its length.
    await lab.client.sh(
      'nft -f -',
      `table netdev odd {\n}\ntable inet odd {\n chain input {\n type filter hook input priority 5; policy accept;\n tcp dport 15006 meta length 1-1500 iifname != "lo" limit rate 1/day burst 1 packets accept\n tcp dport 15006 @th,0,16 1024-65535 drop\n }\n}\n`,
    );
    const lost = await weir.json(['on', 'calls']);
    assert.ok([3, 4].includes(lost.code ?? 0), JSON.stringify(lost.json));
    assert.match(JSON.stringify(lost.json.error), /15006|answered before/);
    await assertRoute(stage, LAB_UIDS.app, 'direct');
  });

  test(`${backend}: link-local peers stay direct, another program's ssh port does not (2.5, 3.3)`, async (t) => {
    const stage = await setStage(`local-${backend}`, { test: t });
    const { lab, weir } = stage;
    await lab.client.sh('ip addr add fe80::1/64 dev eth0 nodad');
    await lab.upstream.sh('ip addr add fe80::2/64 dev eth0 nodad');
    // What counts as ssh is the name of the process that listens.
    const other = lab.start(lab.client, [
      'python3',
      '-c',
      `import ctypes,socket,time\nctypes.CDLL(None).prctl(15,b'sshd',0,0,0)\ns=socket.socket()\ns.bind(('0.0.0.0',${PORTS.http}))\ns.listen()\nprint('READY',flush=True)\ntime.sleep(60)`,
    ]);
    await other.line(/^READY/);
    const on = await weir.json(['on', 'payment', '--backend', backend]);
    assert.equal(on.code, 0, JSON.stringify(on.json));
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
    const peer = await lab.client.tool(
      [
        'python3',
        '-c',
        `import encodings.idna,os,socket\nos.setgid(${LAB_UIDS.app})\nos.setuid(${LAB_UIDS.app})\ns=socket.create_connection(('fe80::2%eth0',${PORTS.http}),3)\ns.send(b'GET / HTTP/1.0\\r\\n\\r\\n')\nprint(s.recv(999).decode())`,
      ],
      { timeoutMs: 10_000 },
    );
    assert.match(peer.stdout, /"address":"fe80::1/);
  });
}

test('status names a sidecar that came back at another port, and an account that was renumbered (3.9, 3.5)', async (t) => {
  const stage = await setStage('moved', { test: t });
  const { lab, weir, sidecar } = stage;
  await weir.json(['on', 'payment']);
  assert.deepEqual((await weir.json(['status', 'payment'])).json.result.apps[0].troubles, []);
  weir.configure({ ...stage.mesh, apps: { payment: { select: { user: 20_177 }, sidecar: 'main' } } });
  const renumbered = (await weir.json(['status', 'payment'])).json.result.apps[0];
  assert.match(renumbered.troubles[0].what, new RegExp(`uid 20177 now, the rules divert uid ${LAB_UIDS.app}`));
  assert.equal(renumbered.next, 'weir on payment');
  const verify = await weir.json(['verify']);
  assert.deepEqual([verify.code, verify.json.result.apps[0].findings[0].where], [1, 'mesh.yaml']);
  weir.configure(stage.mesh);
  await sidecar.process.stop();
  rmSync(sidecar.adminPath, { force: true });
  const listeners = [{ address: '127.0.0.1', port: 15_011, from: null }];
  const moved = startProgram(lab, lab.client, 'fake-proxy', {
    listeners,
    admin: sidecar.adminPath,
    ready: true,
    uid: 1337,
  });
  await moved.line(/^READY/);
  const status = await weir.json(['status']);
  const app = status.json.result.apps.find(({ name }: { name: string }) => name === 'payment');
  assert.match(app.reason, /nobody listens at port 15001/);
  assert.equal(app.next, 'weir off payment');
  assert.equal(status.json.result.sidecars[0].state, 'live');
});
