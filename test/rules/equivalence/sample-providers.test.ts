/** Made-up providers for proofs. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sampleProviders } from '../../../src/rules/equivalence/sample-providers.ts';
import { isPlainHost } from '../../../src/rules/read/ip-expression.ts';
import { planRuleFile } from '../../../src/rules/usecases/plan-rule-file.ts';

const NOTHING = { providers: [], services: [], types: {}, machineGroups: {} };

it('a tag rule is asked about providers with addresses only: what Java looks up for a name is not known', () => {
  for (const address of ['127.0.0.1/32', '126-128.*.*.9:65535', '*.*.*.*:20880', '10.9.1.*', '0.0.0.0/0']) {
    const rule = `key: o\nenabled: true\ntags:\n  - {name: gray, addresses: ["${address}", "10.9.1.7:20880"]}\n`;
    const samples = sampleProviders(planRuleFile('tag.yaml', rule, NOTHING as never).plan);
    assert.ok(samples.length > 1, address);
    for (const { host } of samples) assert.ok(isPlainHost(host), `${address}: ${host}`);
  }
});
