/** Known applications, out of kernel, state file and markers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appState, NOT_ASKED } from '../../src/interception/app-state.ts';
import { type KnownAppFacts, knownApps } from '../../src/interception/known-apps.ts';
import { readSituation } from '../../src/interception/situation.ts';
import { BACKENDS, hostWith, on } from './cases.ts';

/** What a host with payment on knows, to be varied. */
async function facts(change: Partial<KnownAppFacts> = {}): Promise<KnownAppFacts> {
  const host = hostWith('nft');
  await on(host);
  const situation = await readSituation(host, 'every');
  const app = situation.apps.get('payment');
  assert.ok(app?.stored && app.kernel);
  return { stored: [app.stored], installed: [app.kernel], pressed: new Map(), nowMs: host.nowMs, ...change };
}

async function decided(
  change: (facts: KnownAppFacts) => Partial<KnownAppFacts>,
): Promise<[string | undefined, string | null | undefined]> {
  const known = await facts();
  const app = knownApps({ ...known, ...change(known) }).get('payment');
  return [app?.desired, app?.reason];
}

test('what the kernel and the state file agree on is on without a reason', async () => {
  assert.deepEqual(await decided(() => ({})), ['on', null]);
});

test('a marker of the panic file makes it off, also when the rules were wiped', async () => {
  assert.deepEqual(await decided(() => ({ pressed: new Map([['payment', 'now']]), installed: [] })), ['off', 'off.sh']);
});

test('a state file that is gone leaves what the kernel diverts', async () => {
  assert.deepEqual((await decided(() => ({ stored: [] })))[0], 'on');
});

test('an unconfirmed one whose element the kernel dropped is off, whatever the wall clock says', async () => {
  const confirm = { timeoutMs: 60_000, epochSeconds: 1, by: '2999-01-01T00:00:00.000Z' };
  const answer = await decided(({ stored }) => ({ stored: stored.map((app) => ({ ...app, confirm })), installed: [] }));
  assert.deepEqual(answer, ['off', 'confirm expired']);
});

test('an on that was killed before its proof is off and says that it was interrupted', async () => {
  const answer = await decided(({ stored }) => ({
    stored: stored.map((app) => ({ ...app, proven: false })),
    installed: [],
  }));
  assert.deepEqual(answer, ['off', 'interrupted while switching on']);
});

test('the time is that of the last decision, not of the one before it, and unknown where nobody noted it', async () => {
  const known = await facts();
  const since = (change: Partial<KnownAppFacts>) => knownApps({ ...known, ...change }).get('payment')?.since;
  const [stored] = known.stored;
  const [kernel] = known.installed;
  assert.ok(stored !== undefined && kernel !== undefined);
  const at = new Date(known.nowMs + 5000).toISOString();
  const switched = (cause: 'off.sh' | 'operator') => ({ installed: [{ ...kernel, off: [cause] }] });
  const late = (by: string) => ({ confirm: { timeoutMs: 1000, epochSeconds: 1, by } });
  assert.equal(since({}), stored.since);
  assert.equal(since({ pressed: new Map([['payment', at]]), ...switched('off.sh') }), at);
  assert.equal(since({ pressed: new Map([['payment', at]]), installed: [] }), at);
  assert.equal(since(switched('off.sh')), null, 'the marker is gone');
  assert.equal(since(switched('operator')), null);
  assert.equal(since({ stored: [] }), null);
  assert.equal(since({ stored: [{ ...stored, ...late(stored.since) }], installed: [] }), stored.since);
  assert.equal(since({ stored: [{ ...stored, ...late('2999-01-01T00:00:00.000Z') }], installed: [] }), null);
  assert.equal(since({ stored: [{ ...stored, proven: false }], installed: [] }), null);
});

test('rules that are gone from the kernel are drift and not off: nobody asked for it', async () => {
  const known = knownApps(await facts({ installed: [] })).get('payment') ?? null;
  assert.equal(appState({ known, proxied: 0, drift: [], ...NOT_ASKED }).state, 'drifted');
});

test('a dead sidecar is denied under onFailure deny, and on with a warning under direct', async () => {
  const known = knownApps(await facts()).get('payment');
  assert.ok(known?.stored);
  const sidecar = { state: 'dead', detail: 'nobody listens' } as const;
  const deaf = 'nobody listens at port 15001';
  const direct = appState({ known, proxied: 0, drift: [], ...NOT_ASKED, sidecar, deaf });
  assert.deepEqual([direct.state, /new connections fail/.test(direct.reason ?? '')], ['on', true]);
  const deny = appState({
    known: { ...known, stored: { ...known.stored, onFailure: 'deny' } },
    proxied: 0,
    drift: [],
    ...NOT_ASKED,
    sidecar,
  });
  assert.equal(deny.state, 'denied');
});

test('connections fail for certain only where nobody listens at the ports of a sidecar', async () => {
  const known = knownApps(await facts()).get('payment') ?? null;
  for (const [state, words] of [
    ['dead', /^nobody answers at the admin address of its sidecar, though somebody listens at its ports: .* may fail/],
    ['frozen', /^its sidecar is frozen: new connections may fail/],
    ['not-ready', /^its sidecar says that it is not ready: new connections may fail/],
  ] as const) {
    const sidecar = { state, detail: 'seen' };
    const decided = appState({ known, proxied: 0, drift: [], ...NOT_ASKED, areListenersSeen: true, sidecar });
    assert.equal(decided.state, 'on');
    assert.match(decided.reason ?? '', words);
  }
  assert.ok(known?.stored);
  for (const onFailure of ['direct', 'deny'] as const) {
    const one = { ...known, stored: { ...known.stored, onFailure } };
    const sidecar = { state: 'unknown', detail: 'connect EMFILE' } as const;
    const decided = appState({ known: one, proxied: 0, drift: [], ...NOT_ASKED, sidecar });
    assert.deepEqual(decided, {
      state: 'on',
      reason: 'whether its sidecar is ready cannot be told: connect EMFILE',
    });
  }
  const unseen = appState({ known, proxied: 0, drift: [], ...NOT_ASKED, sidecar: { state: 'dead', detail: 'seen' } });
  assert.match(unseen.reason ?? '', /whether somebody listens at its ports cannot be told: new connections may fail/);
});

test('every back end gives back what was installed: no drift right after on', async () => {
  for (const backend of BACKENDS) {
    const host = hostWith(backend);
    await on(host);
    const situation = await readSituation(host, 'every');
    const known = situation.apps.get('payment');
    assert.deepEqual(
      [known?.kernel?.slot, known?.kernel?.off, known?.kernel?.families],
      [1, [], { ipv4: true, ipv6: true }],
      backend,
    );
  }
});
