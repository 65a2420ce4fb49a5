/** Readiness by the admin address, and by the supervisor where that is not of the process that serves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ManagedSidecar } from '../../src/interception/managed-sidecars.ts';
import { sidecarReadiness } from '../../src/interception/sidecar-readiness.ts';
import type { Readiness } from '../../src/platform/readiness.ts';
import { MESH } from './cases.ts';

const MAIN = MESH.sidecars.get('main');
assert.ok(MAIN !== undefined);

/** What is said of a sidecar whose admin address answers so, and whose supervisor says that; an error: it cannot be asked. */
function readinessOf(asked: Readiness, managed: ManagedSidecar['state'] | Error | null): Promise<Readiness> {
  assert.ok(MAIN !== undefined);
  const status = { state: managed, detail: null } as ManagedSidecar;
  const host = {
    askReadiness: async () => asked,
    async sidecarStatus() {
      if (managed instanceof Error) throw managed;
      return managed === null ? null : status;
    },
  };
  return sidecarReadiness(host, MAIN, MAIN, 1000);
}

const DEAD = { state: 'dead', detail: 'nobody listens' } as const;
const NOT_READY = { state: 'not-ready', detail: '503' } as const;
const UNKNOWN = { state: 'unknown', detail: 'EMFILE' } as const;

test('the supervisor corrects what the admin address cannot say', async () => {
  for (const asked of [DEAD, UNKNOWN]) {
    assert.deepEqual(await readinessOf(asked, 'live'), { state: 'ready' });
    assert.deepEqual(await readinessOf(asked, 'failed'), asked);
    assert.deepEqual(await readinessOf(asked, null), asked);
  }
  assert.deepEqual(await readinessOf(NOT_READY, 'upgrading'), { state: 'ready' });
  assert.deepEqual(await readinessOf(NOT_READY, 'live'), NOT_READY);
});

test('a supervisor that could not be asked either has not said that the sidecar is down', async () => {
  const hidden = new Error('connect EACCES /run/weir/main/control.sock');
  for (const asked of [DEAD, NOT_READY, UNKNOWN]) {
    const { state, ...rest } = await readinessOf(asked, hidden);
    assert.equal(state, 'unknown', asked.state);
    assert.deepEqual(rest, { detail: `${asked.detail}; its supervisor could not be asked: ${hidden.message}` });
  }
  // What the admin address says itself needs nobody else.
  assert.deepEqual(await readinessOf({ state: 'ready' }, hidden), { state: 'ready' });
  const frozen = { state: 'frozen', detail: 'no answer' } as const;
  assert.deepEqual(await readinessOf(frozen, hidden), frozen);
});
