/** The parts of the tour's surroundings: children, actors, Envoys, namespaces, root. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { becomeRootOfUserNamespace } from '../../../src/tour/adapters/become-root.ts';
import { ActorClient, startOwned } from '../../../src/tour/adapters/children.ts';
import { findEnvoys } from '../../../src/tour/adapters/find-envoy.ts';
import { makeTourNamespaces } from '../../../src/tour/adapters/namespaces.ts';
import { SupervisedEnvoy } from '../../../src/tour/adapters/supervised-envoy.ts';
import { fakePath } from '../../fakes/fake-path.ts';
import { fakeTools } from '../../fakes/fake-tools.ts';
import { until } from '../../until.ts';

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-tour-parts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function program(file: string, script = 'exit 0'): string {
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

test('a child ends when it is told to, and one that does not start is seen by its end', async () => {
  const child = startOwned(['sleep', '60'], { stdio: 'ignore' });
  assert.ok(isAlive(child.pid));
  await child.end();
  assert.ok(!isAlive(child.pid));
  const none = startOwned(['/none/program'], { stdio: 'ignore' });
  await none.end();
  assert.ok(!isAlive(none.pid));
});

test('an actor answers each command under its own number, in any order; one that has ended says so', async () => {
  const script = `read -r a; read -r b; echo '{"id":2,"is":"second"}'; echo '{"id":1,"is":"first"}'; read -r c`;
  const actor = new ActorClient(startOwned(['sh', '-c', script], { stdio: 'pipe' }));
  const answers = await Promise.all([actor.ask({ op: 'a' }), actor.ask({ op: 'b' })]);
  assert.deepEqual(answers, [
    { id: 1, is: 'first' },
    { id: 2, is: 'second' },
  ]);
  assert.deepEqual(await actor.ask({ op: 'the end' }), { error: 'the actor has ended' });
  await actor.end();
});

test('the Envoys are the one that is named, else the newest two of the cache, else the first in PATH', (t) => {
  const root = folderOf(t);
  const before = { ...process.env };
  t.after(() => {
    for (const name of ['WEIR_CACHE_DIR', 'PATH']) {
      const value = before[name];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  delete process.env.WEIR_CACHE_DIR;
  process.env.PATH = join(root, 'bin');
  assert.throws(() => findEnvoys(undefined, root), { code: 'WEIR2007', exit: 3 });
  mkdirSync(join(root, 'bin'));
  const inPath = program(join(root, 'bin', 'envoy'));
  assert.deepEqual(findEnvoys(undefined, root), { newest: inPath, older: inPath });
  const cached = ['1.9.0', '1.40.0', '1.39.3', '2.0.0'].map((version) => {
    const folder = join(root, '.cache', 'envoy', version);
    mkdirSync(folder, { recursive: true });
    return program(join(folder, 'envoy'));
  });
  writeFileSync(cached[3] ?? '', 'torn', { mode: 0o644 });
  rmSync(cached[3] ?? '');
  writeFileSync(cached[3] ?? '', 'not executable', { mode: 0o644 });
  assert.deepEqual(findEnvoys(undefined, root), { newest: cached[1], older: cached[2] });
  process.env.WEIR_CACHE_DIR = join(root, 'elsewhere');
  assert.deepEqual(findEnvoys(undefined, root), { newest: inPath, older: inPath });
  assert.deepEqual(findEnvoys(inPath, root), { newest: inPath, older: inPath });
  assert.throws(() => findEnvoys(cached[3], root), { code: 'WEIR1002', exit: 2 });
});

test('the namespaces are joined, with addresses of both families and a route of the application', async (t) => {
  fakePath(t, { unshare: 'shift 2; exec "$@"' });
  const { run, calls } = fakeTools(() => '');
  const { app, upstream, end } = await makeTourNamespaces(run, () => true);
  const lines = calls.map(({ command }) =>
    command.replace(`--net=/proc/${app.pid}/`, 'app ').replace(`--net=/proc/${upstream.pid}/`, 'upstream '),
  );
  assert.deepEqual(lines.slice(0, 3), [
    `nsenter app ns/net -- ip link add eth0 type veth peer name eth0 netns ${upstream.pid}`,
    'nsenter app ns/net -- ip link set lo up',
    'nsenter app ns/net -- ip link set eth0 up',
  ]);
  assert.ok(lines.includes('nsenter upstream ns/net -- ip addr add fd77::2/64 dev eth0 nodad'), lines.join('\n'));
  assert.deepEqual(lines.slice(-2), [
    'nsenter app ns/net -- ip route add default via 10.77.0.2',
    'nsenter app ns/net -- ip -6 route add default via fd77::2',
  ]);
  await end();
  assert.ok(!isAlive(app.pid) && !isAlive(upstream.pid));
});

test('a namespace that cannot be made, or joined, leaves no process behind', async (t) => {
  const folder = fakePath(t, { unshare: 'echo $$ >>"$HERE/pids"; shift 2; exec "$@"' });
  const apart = (pid: number): boolean => {
    throw new Error(String(pid));
  };
  await assert.rejects(makeTourNamespaces(fakeTools(() => '').run, apart), /a network namespace could not be made$/);
  const refused = fakeTools(() => ({ exitCode: 2, stderr: 'RTNETLINK answers: Operation not permitted' }));
  const seen: number[] = [];
  const isApart = (pid: number): boolean => seen.push(pid) > 0 && existsSync(join(folder, 'pids'));
  await assert.rejects(makeTourNamespaces(refused.run, isApart), { code: 'WEIR2003' });
  assert.deepEqual(seen.filter(isAlive), []);
});

test('a supervised Envoy is live when it is kept and serves; its end is that of all that was kept', async (t) => {
  const folder = folderOf(t);
  const kept = startOwned(['sleep', '60'], { stdio: 'ignore' });
  const envoy = new SupervisedEnvoy(['sh', '-c', `echo "${kept.pid} 1" >"${folder}/g1.pid"; exec sleep 60`], folder);
  let asked = 0;
  assert.equal(await envoy.untilLive(async () => ++asked > 1), true);
  await envoy.end();
  await until('the kept process to be gone', async () => !isAlive(kept.pid));
  const failing = new SupervisedEnvoy(['sh', '-c', 'exit 3'], folderOf(t));
  assert.equal(await failing.untilLive(async () => true), false);
  await failing.end();
});

test('without root the tour becomes root of a user namespace, or says what is missing', (t) => {
  const executed: (readonly string[] | undefined)[] = [];
  const { getuid, execve } = process;
  t.after(() => Object.assign(process, { getuid, execve }));
  let uid = 0;
  // execve does not return: here it does, so the error after it is met as well.
  const take = (_file: string, args?: readonly string[]) => executed.push(args);
  Object.assign(process, { getuid: () => uid, execve: take });
  fakePath(t, { unshare: 'exit 0' });
  becomeRootOfUserNamespace(['node', 'tour']);
  assert.deepEqual(executed, []);
  uid = 1000;
  assert.throws(() => becomeRootOfUserNamespace(['node', 'tour']), { code: 'WEIR2006' });
  const words = ['env', 'unshare', '--user', '--map-root-user', '--map-auto', '--net', '--mount', '--', 'node', 'tour'];
  assert.deepEqual(executed, [words]);
  fakePath(t, { unshare: 'echo "unshare: failed to find subuid range" >&2; exit 1' });
  assert.throws(() => becomeRootOfUserNamespace(['node', 'tour']), {
    why: /failed: unshare: failed to find subuid range$/,
  });
  assert.equal(executed.length, 1);
});
