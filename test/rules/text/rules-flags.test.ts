/** The flags of the rules commands as oclif parses them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from '@oclif/core/parser';
import { encodingFlag, estateFlags, targetFlags } from '../../../src/rules/text/rules-flags.ts';

const FLAGS = { ...targetFlags(), ...estateFlags(), ...encodingFlag() };
const flagsOf = async (...argv: string[]) => (await parse(argv, { flags: FLAGS, strict: true })).flags;

describe('the flags of rules', () => {
  it('have dubbo-mesh as their target, and leave the rest open', async () => {
    assert.deepEqual({ ...(await flagsOf()) }, { target: 'dubbo-mesh' });
  });

  it('take each target and no other', async () => {
    for (const target of ['dubbo-mesh', 'istio', 'envoy', 'envoy-dubbo', 'aeraki']) {
      assert.equal((await flagsOf('--target', target)).target, target);
    }
    await assert.rejects(flagsOf('--target', 'linkerd'), /Expected --target=linkerd to be one of/);
  });

  it('take what a key names, and files as they are', async () => {
    const flags = await flagsOf('--scope', 'service', '--case', 'c.json', '--app', 'orders', '--encoding', 'gbk');
    assert.deepEqual(
      { ...flags },
      { target: 'dubbo-mesh', scope: 'service', case: 'c.json', app: 'orders', encoding: 'gbk' },
    );
    await assert.rejects(flagsOf('--scope', 'method'), /--scope=method/);
  });
});
