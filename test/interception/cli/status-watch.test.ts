/** The live view of `weir status --watch`, drawn into a pipe. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runNode } from '../../run-weir.ts';

const SAME_PLACE = JSON.stringify(new URL('../../../src/cli/same-place.ts', import.meta.url).href);
const MODULE = JSON.stringify(new URL('../../../src/interception/cli/status-watch.ts', import.meta.url).href);

test('each look is drawn with its warnings, until the signal; the last picture stays', async () => {
  const script = `
    import { samePlace } from ${SAME_PLACE};
    import { watchStatus } from ${MODULE};
    const end = new AbortController();
    let looks = 0;
    const look = async () => {
      looks += 1;
      if (looks === 3) end.abort();
      const result = { apps: [], sidecars: [], backend: 'nft', foreign: [], notRead: [{ what: 'look ' + looks, why: 'EMFILE' }] };
      return { result, warnings: looks === 3 ? ['it is getting late: \`weir off payment\`'] : [] };
    };
    await watchStatus({ look, intervalMs: 1, samePlace: samePlace(['status', '--netns', 'blue']), signal: end.signal });
    console.error(looks);
  `;
  const { code, stdout, stderr } = await runNode(['--input-type=module', '-e', script]);
  assert.deepEqual([code, stderr], [0, '3\n']);
  assert.match(
    stdout,
    /no applications[\s\S]*not read: look 3 \(EMFILE\)[\s\S]*warning: it is getting late: `weir off payment --netns blue`/,
  );
  assert.match(stdout, /\d\d:\d\d:\d\d UTC {3}Ctrl-C ends\s*$/);
});

test('a look that fails ends the view with its error', async () => {
  const script = `
    import { watchStatus } from ${MODULE};
    const look = async () => { throw new Error('nothing to be seen'); };
    await watchStatus({ look, intervalMs: 1, samePlace: (text) => text, signal: new AbortController().signal }).catch((error) => console.error(error.message));
  `;
  const { code, stderr } = await runNode(['--input-type=module', '-e', script]);
  assert.deepEqual([code, stderr], [0, 'nothing to be seen\n']);
});
