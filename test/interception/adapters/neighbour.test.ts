/** The throw-away neighbour, with loopback in the place of its namespace and links that are only asked for. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openNeighbour } from '../../../src/interception/adapters/neighbour/neighbour.ts';
import { fakePath } from '../../fakes/fake-path.ts';
import { fakeTools, type ToolAnswers } from '../../fakes/fake-tools.ts';

/** Runs the child where the test is. */
const NO_NAMESPACE = { unshare: 'shift 2; exec "$@"' };

async function opened(t: TestContext, answers: ToolAnswers = () => '', unshare = NO_NAMESPACE) {
  fakePath(t, unshare);
  const { run, calls } = fakeTools(answers);
  const found = await openNeighbour(run, () => unshare === NO_NAMESPACE);
  if ('seen' in found) t.after(() => found.seen.close());
  return { found, calls };
}

test('a neighbour is joined by a link, calls side by side, and takes the link away', async (t) => {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { found, calls } = await opened(t);
  assert.ok('seen' in found, JSON.stringify(found));
  const [here, there] = calls;
  assert.equal(here?.command, 'ip -force -batch -');
  assert.match(here?.input ?? '', /^link add (weirp\d+) type veth peer name eth0 netns \d+\n/);
  assert.match(here?.input ?? '', /addr add 203\.0\.113\.241\/30 dev weirp\d+\n/);
  assert.match(there?.command ?? '', /^nsenter --net=\/proc\/\d+\/ns\/net -- ip -force -batch -$/);
  assert.match(there?.input ?? '', /route add default via 203\.0\.113\.241\n/);
  assert.deepEqual(found.seen.sources, { ipv4: '203.0.113.242', ipv6: '2001:db8:f00d:beef::2' });
  const refusing = { address: '127.0.0.1', port: 1 };
  const [accepted, refused] = await found.seen.call([{ address: '127.0.0.1', port }, refusing]);
  assert.equal(refused, null);
  assert.equal(accepted?.address, '127.0.0.1');
  assert.ok(accepted.port > 0);
  assert.deepEqual(await found.seen.call([]), []);
  await found.seen.close();
  assert.match(calls.at(-1)?.command ?? '', /^ip link del weirp\d+$/);
  server.close();
});

test('without IPv6 there is a neighbour all the same; without a link there is none, and why', async (t) => {
  const v4 = await opened(t, () => ({
    stderr: 'RTNETLINK answers: Permission denied\nCommand failed -:5\n',
    exitCode: 1,
  }));
  assert.ok('seen' in v4.found);
  const { found } = await opened(t, () => ({ stderr: 'RTNETLINK answers: Operation not permitted\n', exitCode: 2 }));
  assert.ok('unseen' in found);
  assert.match(found.unseen, /^no link weirp\d+ could be made: RTNETLINK answers: Operation not permitted$/);
});

test('without a namespace there is no neighbour', async (t) => {
  const { found, calls } = await opened(t, () => '', { unshare: 'exit 1' });
  assert.deepEqual(found, {
    unseen: 'the neighbour ended with 1: a network namespace may need CAP_SYS_ADMIN',
  });
  assert.deepEqual(calls, []);
});
