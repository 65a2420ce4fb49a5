/** The topics of `weir help` about diagnostics. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnosticTopics } from '../../../src/rules/text/help-shelf.ts';

describe('the help about diagnostics', () => {
  it('finds a diagnostic by its code in any case', async () => {
    const topic = await diagnosticTopics.find('wr045');
    assert.equal(topic?.name, 'WR045');
    assert.match(topic?.text ?? '', /WR045/);
    assert.deepEqual(await diagnosticTopics.find('WR045'), topic);
  });

  it('lists them all under its one name', async () => {
    assert.deepEqual(diagnosticTopics.names, ['diagnostics']);
    const text = (await diagnosticTopics.find('diagnostics'))?.text ?? '';
    for (const code of ['WR001', 'WR045', 'WR064']) assert.ok(text.includes(code), code);
  });

  it('has no topic of another shelf, and none for a code that does not exist', async () => {
    for (const name of ['errors', 'WEIR1001', 'WR999', 'WR', '']) {
      assert.equal(await diagnosticTopics.find(name), undefined, name);
    }
  });
});
