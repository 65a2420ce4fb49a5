/** Files of one run that are for one node of the config centre. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convertRules } from '../../../src/rules/usecases/convert-rules.ts';
import { inspectRules } from '../../../src/rules/usecases/inspect-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const rule = (env: string, key = 'shop'): string =>
  `scope: application\nkey: ${key}\nforce: true\nconditions:\n  - method=pay => env=${env}\n`;
const TAGS = 'configVersion: v3.0\nkey: shop\ntags:\n  - {name: gray, addresses: ["10.0.0.1:20880"]}\n';

async function convert(texts: Record<string, string>) {
  const files = new MemoryRuleFiles(texts);
  const outcome = await convertRules(
    {
      paths: ['in'],
      out: 'mesh',
      target: 'dubbo-mesh',
      app: 'shop',
      check: false,
    },
    { files, today: '2026-01-01', weirVersion: '0', frame: (line) => line, progress: () => undefined },
  );
  const found = outcome.results.flatMap(({ path, diagnostics }) =>
    diagnostics.flatMap(({ code, line, message, frame }) => (code === 'WR077' ? [{ path, line, message, frame }] : [])),
  );
  return { exit: outcome.exit, found };
}

describe('two texts for one node of the config centre', () => {
  it('are a finding at both places, each with the other one; the rules are converted, and the run ends with 0', async () => {
    const { exit, found } = await convert({
      'in/new/shop.yaml': rule('gray'),
      'in/old/shop.yaml': `# old\n${rule('blue')}`,
    });
    assert.equal(exit, 0);
    assert.deepEqual(
      found.map(({ path, line, frame }) => [path, line, frame]),
      [
        ['in/new/shop.yaml', 2, 'key: shop'],
        ['in/old/shop.yaml', 3, 'key: shop'],
      ],
    );
    assert.match(
      found[0]?.message ?? '',
      /^old\/shop\.yaml:3 holds another text for shop\.condition-router, .* cannot tell/,
    );
    assert.match(found[1]?.message ?? '', /^new\/shop\.yaml:2 holds/);
  });

  it('count the others where there are more', async () => {
    const { found } = await convert({ 'in/a.yaml': rule('gray'), 'in/b.yaml': rule('blue'), 'in/c.yaml': rule('red') });
    assert.equal(found.length, 3);
    assert.match(found[0]?.message ?? '', /^b\.yaml:2 and 1 more hold another text/);
  });

  it('are none where the texts are equal, the keys differ, or the kinds do', async () => {
    const texts = { 'in/a.yaml': rule('gray'), 'in/copy.yaml': rule('gray'), 'in/tags.yaml': TAGS };
    assert.deepEqual((await convert(texts)).found, []);
    assert.deepEqual((await convert({ 'in/a.yaml': rule('gray'), 'in/b.yaml': rule('blue', 'cart') })).found, []);
  });

  it('are told by inspect too', async () => {
    const files = new MemoryRuleFiles({ 'in/a.yaml': rule('gray'), 'in/b.yaml': rule('blue') });
    const { scripts } = await inspectRules({ paths: ['in'], target: 'dubbo-mesh' }, { files });
    assert.deepEqual(
      scripts.map(({ diagnostics }) => diagnostics.filter(({ code }) => code === 'WR077').length),
      [1, 1],
    );
  });
});
