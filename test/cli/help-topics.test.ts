/** The topics of `weir help`: how they are found, and what those about errors say. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorTopics, findHelpTopic, type HelpShelf, helpTopicNames } from '../../src/cli/help-topics.ts';
import { ERROR_CATALOGUE } from '../../src/errors/catalogue.ts';
import { EXIT_CODES } from '../../src/errors/exit-codes.ts';
import { meshTopics } from '../../src/mesh/text/help-shelf.ts';

const shelf = (name: string, text: string): HelpShelf => ({
  names: [name],
  find: async (wanted) => (wanted === name ? { name, text } : undefined),
});

describe('shelves of topics', () => {
  it('are one list in the order of the alphabet', () => {
    assert.deepEqual(helpTopicNames([meshTopics, errorTopics]), ['errors', 'exit-codes', 'mesh-yaml']);
  });

  it('are asked in their order', async () => {
    const shelves = [shelf('a', 'first'), shelf('a', 'second'), shelf('b', 'third')];
    assert.equal((await findHelpTopic(shelves, 'a'))?.text, 'first');
    assert.equal((await findHelpTopic(shelves, 'b'))?.text, 'third');
    assert.equal(await findHelpTopic(shelves, 'c'), undefined);
  });
});

describe('the topics about errors', () => {
  it('explain each error by its code in any case, with its exit code', async () => {
    for (const code of Object.keys(ERROR_CATALOGUE) as (keyof typeof ERROR_CATALOGUE)[]) {
      const topic = await errorTopics.find(code.toLowerCase());
      const { exit, title } = ERROR_CATALOGUE[code];
      assert.equal(topic?.name, code);
      assert.ok(topic?.text.startsWith(`${code}: ${title}\n\n`), code);
      assert.ok(topic?.text.includes(`Exit code: ${exit} (${EXIT_CODES[exit]})`), code);
    }
  });

  it('list every error and every exit code', async () => {
    const errors = (await errorTopics.find('errors'))?.text ?? '';
    for (const code of Object.keys(ERROR_CATALOGUE)) assert.ok(errors.includes(`\n${code}  exit `), code);
    const exits = (await errorTopics.find('exit-codes'))?.text ?? '';
    for (const code of Object.keys(EXIT_CODES)) assert.match(exits, new RegExp(`^ *${code}  \\S`, 'm'));
  });

  it('have no text for anything else', async () => {
    for (const name of ['', 'WEIR9999', 'WR001', 'mesh-yaml'])
      assert.equal(await errorTopics.find(name), undefined, name);
  });
});

describe('the topic about mesh.yaml', () => {
  it('is made from its schema', async () => {
    const topic = await meshTopics.find('mesh-yaml');
    for (const key of ['apiVersion', 'sidecars', 'apps']) assert.ok(topic?.text.includes(key), key);
    assert.equal(await meshTopics.find('errors'), undefined);
  });
});
