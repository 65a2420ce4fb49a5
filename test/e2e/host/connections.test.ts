/** Listing, counting and aborting of real connections. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createConnections } from '../../../src/interception/adapters/connections/connections.ts';
import { encodeMark, MARK_APP_MASK } from '../../../src/interception/rules/mark.ts';
import { LAB_ADDRESSES, LAB_UIDS, makeLab } from '../lab/lab.ts';
import { startStreamServer, startStreams } from '../lab/traffic.ts';

const PORT = 7000;
const MARKS = {
  app: encodeMark({ slot: 1, direction: 'outbound' }),
  other: encodeMark({ slot: 2, direction: 'outbound' }),
};

// Only the first packet: a forgotten connection that goes on must not come back under its mark.
const SYN = 'tcp flags & (fin|syn|rst|ack) == syn';

// Redirects the app and the other app to 15001, each under its mark, as weir's own rules do.
const RULES = `
table inet lab_redirect {
  chain output {
    type nat hook output priority -101;
    meta skuid ${LAB_UIDS.app} tcp dport ${PORT} ${SYN} ct mark set ${MARKS.app} redirect to :15001
    meta skuid ${LAB_UIDS.other} tcp dport ${PORT} ${SYN} ct mark set ${MARKS.other} redirect to :15001
  }
}
`;

const byPort = (a: { local: { port: number } }, b: { local: { port: number } }) => a.local.port - b.local.port;

async function makeRedirectedLab(t: TestContext) {
  const lab = await makeLab('connections', { test: t });
  await lab.client.sh('nft -f -', RULES);
  const warnings: string[] = [];
  const connections = createConnections({ run: lab.client.tool, warn: (text) => warnings.push(text) });
  return { lab, connections, warnings };
}

test('flows are listed by mark in both families, and only those of weir', async (t) => {
  const { lab, connections } = await makeRedirectedLab(t);
  await startStreamServer(lab, { port: 15001, namespace: lab.client });
  await startStreamServer(lab, { port: PORT });
  assert.deepEqual(await connections.tracked(), []);
  const { upstream, client } = LAB_ADDRESSES;
  await startStreams(lab, { host: upstream.ipv4, port: PORT, count: 2, uid: LAB_UIDS.app });
  await startStreams(lab, { host: upstream.ipv6, port: PORT, uid: LAB_UIDS.app });
  await startStreams(lab, { host: upstream.ipv4, port: PORT, uid: LAB_UIDS.other });
  await startStreams(lab, { host: upstream.ipv4, port: PORT });

  const flows = await connections.tracked();
  assert.deepEqual(flows.map(({ mark, state }) => `${mark} ${state}`).sort(), [
    ...Array(3).fill(`${MARKS.app} ESTABLISHED`),
    `${MARKS.other} ESTABLISHED`,
  ]);
  const six = flows.find(({ source }) => source.address === client.ipv6);
  assert.deepEqual(six?.originalDestination, { address: upstream.ipv6, port: PORT });
  assert.deepEqual(six?.answeredBy, { address: '::1', port: 15001 });
  assert.equal((await connections.tracked({ mark: MARKS.other, mask: MARK_APP_MASK })).length, 1);
});

test('sockets name their account, process and both ends', async (t) => {
  const { lab, connections } = await makeRedirectedLab(t);
  const server = await startStreamServer(lab, { port: 15001, namespace: lab.client, uid: LAB_UIDS.sidecar });
  const streams = await startStreams(lab, { host: LAB_ADDRESSES.upstream.ipv4, port: PORT, uid: LAB_UIDS.app });
  const [listener, ...others] = await connections.sockets('listening', { processes: true });
  assert.deepEqual(others, []);
  assert.equal(listener?.dualStack, true);
  assert.equal(listener?.uid, LAB_UIDS.sidecar);
  assert.deepEqual(
    listener?.processes.map(({ pid }) => pid),
    [server.pid],
  );
  const connected = await connections.sockets('connected', { processes: true });
  const own = connected.find(({ uid }) => uid === LAB_UIDS.app);
  assert.deepEqual(own?.peer, { address: LAB_ADDRESSES.upstream.ipv4, port: PORT });
  assert.deepEqual(
    own?.processes.map(({ pid }) => pid),
    [streams.process.pid],
  );
  const plain = await connections.sockets('connected');
  assert.deepEqual(
    plain.map(({ processes, ...rest }) => ({ ...rest, processes: processes.length })).toSorted(byPort),
    connected.map((socket) => ({ ...socket, processes: 0 })).toSorted(byPort),
  );
  const accepted = connected.find(({ uid }) => uid === LAB_UIDS.sidecar);
  assert.deepEqual(accepted?.peer, own?.local);
  assert.deepEqual(
    await connections.groupsOf([streams.process.pid, 999_999_999]),
    new Map([[streams.process.pid, LAB_UIDS.app]]),
  );
});

test('aborted flows end at both ends, by hundreds and in both families, and the others go on', async (t) => {
  const { lab, connections, warnings } = await makeRedirectedLab(t);
  await startStreamServer(lab, { port: 15001, namespace: lab.client, intervalMs: 500 });
  const { upstream } = LAB_ADDRESSES;
  const slow = { port: PORT, intervalMs: 500 };
  const four = await startStreams(lab, { ...slow, host: upstream.ipv4, count: 500, uid: LAB_UIDS.app });
  const six = await startStreams(lab, { ...slow, host: upstream.ipv6, count: 30, uid: LAB_UIDS.app });
  const spared = await startStreams(lab, { ...slow, host: upstream.ipv4, count: 3, uid: LAB_UIDS.other });

  const flows = await connections.tracked({ mark: MARKS.app, mask: MARK_APP_MASK });
  assert.equal(flows.length, 530);
  const aborted = await connections.abort(
    flows.map((flow) => ({ local: flow.source, peer: flow.originalDestination })),
  );
  assert.equal(aborted, 530);
  for (const streams of [four, six]) {
    const endings = new Set((await streams.ended()).map(({ ending }) => ending));
    // ss ends a socket with ECONNABORTED; when its other end was first, it gets the reset.
    endings.delete('ECONNABORTED');
    endings.delete('ECONNRESET');
    assert.deepEqual([...endings], []);
  }
  const left = (await connections.sockets('connected')).filter(({ local }) => local.port === 15001);
  assert.equal(left.length, 3);
  assert.ok((await spared.report()).every(({ ending, gaps }) => ending === null && gaps === 0));
  assert.equal(
    await connections.abort(flows.map((flow) => ({ local: flow.source, peer: flow.originalDestination }))),
    0,
  );
  assert.deepEqual(warnings, []);
});

test('the listener side of a flow can be aborted alone, and its client gets a reset', async (t) => {
  const { lab, connections } = await makeRedirectedLab(t);
  await startStreamServer(lab, { port: 15001, namespace: lab.client });
  const streams = await startStreams(lab, { host: LAB_ADDRESSES.upstream.ipv4, port: PORT, uid: LAB_UIDS.app });
  const [flow] = await connections.tracked();
  assert.ok(flow);
  assert.equal(await connections.abort([{ local: flow.answeredBy, peer: flow.source }]), 1);
  assert.deepEqual(
    (await streams.ended()).map(({ ending }) => ending),
    ['ECONNRESET'],
  );
});

test('forgetting deletes the entries of one application in both families, also while they end by themselves', async (t) => {
  const { lab, connections } = await makeRedirectedLab(t);
  await startStreamServer(lab, { port: 15001, namespace: lab.client, intervalMs: 1000 });
  const { upstream } = LAB_ADDRESSES;
  const slow = { port: PORT, intervalMs: 1000 };
  await startStreams(lab, { ...slow, host: upstream.ipv4, count: 200, uid: LAB_UIDS.app });
  await startStreams(lab, { ...slow, host: upstream.ipv6, count: 5, uid: LAB_UIDS.app });
  await startStreams(lab, { ...slow, host: upstream.ipv4, uid: LAB_UIDS.other });
  const filter = { mark: MARKS.app, mask: MARK_APP_MASK };
  // Two at once: each finds entries gone that it has listed.
  const counts = await Promise.all([
    connections.forget(filter),
    connections.forget(filter),
    connections.forget(filter),
  ]);
  // An entry that two of them delete in the same moment counts for both.
  const sum = counts.reduce((total, count) => total + count, 0);
  assert.ok(sum >= 205 && Math.max(...counts) <= 205, counts.join());
  assert.deepEqual(await connections.tracked(filter), []);
  assert.equal((await connections.tracked()).length, 1);
  assert.equal(await connections.forget(filter), 0);
});

test('without the right to abort sockets the error says so', async (t) => {
  const { lab } = await makeRedirectedLab(t);
  await startStreamServer(lab, { port: 15001, namespace: lab.client });
  await startStreams(lab, { host: LAB_ADDRESSES.upstream.ipv4, port: PORT, uid: LAB_UIDS.app });
  const flows = await createConnections({ run: lab.client.tool, warn: () => {} }).tracked();
  const unprivileged = createConnections({
    run: ([file, ...args], options) =>
      lab.client.tool(['setpriv', '--reuid=65534', '--clear-groups', file, ...args], options),
    warn: () => {},
  });
  await assert.rejects(
    unprivileged.abort(flows.map((flow) => ({ local: flow.source, peer: flow.originalDestination }))),
    { code: 'WEIR2020' },
  );
  await assert.rejects(unprivileged.tracked(), { code: 'WEIR2003' });
});
