/** The commands of a weir that is one executable, without a file that oclif could find. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pluginOf } from '../../src/cli/embedded-commands.ts';
import HelpCommand from '../../src/commands/help.ts';

const pjson = {
  ...{ name: 'weir', version: '1.2.3' },
  oclif: {
    bin: 'weir',
    commands: { strategy: 'pattern', target: './dist/commands' },
    topics: { a: { description: 'A.' } },
  },
};
const manifest = {
  version: '1.2.3',
  commands: { help: { id: 'help', args: {}, flags: {}, aliases: [], hiddenAliases: [] } },
};

it('are those of the manifest, and loaded when they are asked for', async () => {
  let loads = 0;
  const load = async (id: string) => {
    loads++;
    return id === 'help' ? HelpCommand : undefined;
  };
  const plugins = await pluginOf('/nonexistent', { pjson, manifest, load } as unknown as Parameters<
    typeof pluginOf
  >[1]);
  const plugin = plugins.get('weir');
  assert.deepEqual(plugin?.commandIDs, ['help']);
  assert.equal(plugin?.version, '1.2.3');
  assert.equal(loads, 0);
  assert.equal(await plugin?.commands[0]?.load(), HelpCommand);
  assert.equal(loads, 1);
  await assert.rejects(async () => plugin?.findCommand('nope', { must: true }), /command nope not found/);
});
