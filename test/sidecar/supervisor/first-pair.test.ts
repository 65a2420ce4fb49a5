/** Which pair a sidecar starts with. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstPair } from '../../../src/sidecar/supervisor/first-pair.ts';

interface World {
  readonly current?: string | null;
  /** The pairs that the store still has. */
  readonly stored?: readonly string[];
  /** The pair of what mesh.yaml names; null: its files cannot be read. */
  readonly named?: string | null;
  readonly problem?: string | null;
  readonly sha256?: string | null;
}

async function first({ current = null, stored = [], named = 'new', problem = null, sha256 = null }: World) {
  const [warnings, checked]: [string[], string[]] = [[], []];
  const stage = async () => {
    if (named === null) throw new Error('ENOENT: no such binary');
    return { id: named, binarySha256: 'b'.repeat(64) };
  };
  const pairs = {
    pointers: async () => ({ current }),
    read: async (id: string) => (stored.includes(id) ? { id } : null),
    stage,
  };
  const spec = { name: 'main', binary: '/opt/envoy', bootstrap: '/etc/envoy.yaml', sha256 };
  const check = async (_spec: unknown, pair: { id: string }) => {
    checked.push(pair.id);
    return problem;
  };
  const pair = await firstPair({ pairs } as never, spec as never, check as never, (text) => warnings.push(text));
  return { pair, warnings, checked };
}

describe('the pair that a sidecar starts with', () => {
  it('is the settled one, without another check', async () => {
    assert.deepEqual(await first({ current: 'old', stored: ['old'], named: 'old' }), {
      pair: 'old',
      warnings: [],
      checked: [],
    });
  });

  it('is the settled one although mesh.yaml names another, which is said', async () => {
    const { pair, warnings } = await first({ current: 'old', stored: ['old'], named: 'new' });
    assert.equal(pair, 'old');
    assert.match(warnings[0] ?? '', /weir sidecar upgrade main/);
  });

  it('is the settled one when what mesh.yaml names is gone: a restart must not depend on it', async () => {
    assert.deepEqual(await first({ current: 'old', stored: ['old'], named: null }), {
      pair: 'old',
      warnings: [],
      checked: [],
    });
  });

  it('is what mesh.yaml names, checked, when nothing has settled or the store has lost it', async () => {
    assert.deepEqual(await first({}), { pair: 'new', warnings: [], checked: ['new'] });
    assert.equal((await first({ current: 'old' })).pair, 'new');
  });

  it('is none when Envoy does not accept it, or its binary is not the one that was meant', async () => {
    await assert.rejects(first({ problem: 'no such cluster' }), { code: 'WEIR4014', why: /no such cluster/ });
    await assert.rejects(first({ sha256: 'a'.repeat(64) }), { code: /^WEIR4/ });
    await assert.rejects(first({ named: null }), { message: /ENOENT/ });
  });
});
