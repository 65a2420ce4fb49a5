/** Rules of several routers for the same calls. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convertRules } from '../../../src/rules/usecases/convert-rules.ts';
import { inspectRules } from '../../../src/rules/usecases/inspect-rules.ts';
import { verifyRules } from '../../../src/rules/usecases/verify-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const condition = (scope: 'application' | 'service', key: string, enabled = true): string =>
  `configVersion: v3.0\nscope: ${scope}\nkey: ${key}\nenabled: ${enabled}\nforce: true\nconditions:\n  - method=pay => env=gray\n`;
const tag = (key: string): string =>
  `configVersion: v3.0\nkey: ${key}\nenabled: true\ntags:\n  - {name: gray, match: [{key: env, value: {exact: gray}}]}\n`;
const script = (key: string, body = "invokers.findAll { it.url.host == '10.0.0.1' }"): string =>
  `configVersion: v3.0\nkey: ${key}\ntype: groovy\nenabled: true\nscript: |\n  return ${body}\n`;

const ACCEPT = 'accept: [{id: WR078, reason: each in a cluster of its own, expires: 2027-01-01}]';

async function run(texts: Record<string, string>, { accept, app }: { accept?: string; app?: string } = {}) {
  const files = new MemoryRuleFiles({ ...texts, ...(accept === undefined ? {} : { 'accept.yaml': accept }) });
  const common = { ...(accept === undefined ? {} : { accept: 'accept.yaml' }), ...(app === undefined ? {} : { app }) };
  const ports = { files, today: '2026-01-01' };
  const outcome = await convertRules(
    { ...common, paths: ['in'], out: 'mesh', target: 'dubbo-mesh', check: false },
    { ...ports, weirVersion: '0', frame: () => '', progress: () => undefined },
  );
  const told = outcome.results.map(({ path, outputs, diagnostics, converted }) => ({
    path,
    isWritten: outputs.some((name) => name.endsWith('.dubbo-mesh.yaml')),
    messages: diagnostics.flatMap(({ code, message }) => (code === 'WR078' ? [message] : [])),
    states: converted.rules.map(({ state, fidelity }) => `${state} ${fidelity}`),
  }));
  const verify = () => verifyRules({ ...common, paths: ['in'], rules: 'mesh', target: 'dubbo-mesh' }, ports);
  return { outcome, told, verify, files };
}

describe('rules of several routers for the same calls', () => {
  it('are not written, and each names another one, with its kind', async () => {
    const { told, outcome } = await run(
      {
        'in/a.yaml': condition('service', 'com.S'),
        'in/b.yaml': condition('application', 'shop'),
        'in/c.yaml': tag('shop'),
        'in/d.yaml': script('shop'),
      },
      { app: 'shop' },
    );
    assert.equal(outcome.exit, 1);
    for (const { path, isWritten, messages, states } of told) {
      assert.equal(isWritten, false, path);
      assert.ok(messages.length > 0 && states.every((state) => state === 'left refused'), path);
    }
    assert.match(told[0]?.messages[0] ?? '', /^Not written: b\.yaml \(application condition rule\) and 2 more are for/);
    assert.match(told[1]?.messages[0] ?? '', /^Not written: a\.yaml \(service condition rule\) and 2 more/);
  });

  it('are told by inspect, and verified only where a reviewed entry takes each as if it were alone', async () => {
    const texts = { 'in/a.yaml': condition('application', 'shop'), 'in/b.yaml': script('shop') };
    const inspected = await inspectRules(
      { paths: ['in'], target: 'dubbo-mesh' },
      { files: new MemoryRuleFiles(texts) },
    );
    for (const { diagnostics } of inspected.scripts) assert.ok(diagnostics.some(({ code }) => code === 'WR078'));
    const accepted = await run(texts, { accept: ACCEPT, app: 'shop' });
    assert.equal(accepted.outcome.exit, 0);
    assert.deepEqual(accepted.outcome.warnings, []);
    for (const { isWritten, states } of accepted.told) {
      assert.ok(isWritten && states.every((state) => state.endsWith(' noted')), states.join());
    }
    assert.equal((await accepted.verify()).open, 0);
    // The same documents without the entry.
    const { open, scripts } = await verifyRules(
      { paths: ['in'], rules: 'mesh', target: 'dubbo-mesh', app: 'shop' },
      { files: accepted.files, today: '2026-01-01' },
    );
    assert.ok(open > 0);
    for (const { rules } of scripts) assert.match(rules[0]?.caveats[0]?.script ?? '', /routers one after another/);
  });

  for (const [what, texts, app] of [
    ['other applications', { 'in/a.yaml': tag('shop'), 'in/b.yaml': script('cart') }, undefined],
    [
      'other services',
      { 'in/a.yaml': condition('service', 'com.S'), 'in/b.yaml': condition('service', 'com.T') },
      'shop',
    ],
    [
      'other groups of a service',
      { 'in/a.yaml': condition('service', 'com.S:1.0:blue'), 'in/b.groovy': 'return invokers.take(1)' },
      undefined,
    ],
    ['scripts that name nothing', { 'in/a.groovy': 'return invokers.take(1)', 'in/b.yaml': tag('shop') }, undefined],
    [
      'a rule that is switched off',
      { 'in/a.yaml': condition('application', 'shop', false), 'in/b.yaml': tag('shop') },
      'shop',
    ],
    ['a script without an effect', { 'in/a.yaml': script('shop', 'invokers'), 'in/b.yaml': tag('shop') }, undefined],
  ] as const) {
    it(`are none beside ${what}`, async () => {
      const { told } = await run(texts, app === undefined ? {} : { app });
      assert.deepEqual(
        told.flatMap(({ messages }) => messages),
        [],
      );
    });
  }
});
