/** The live view of the tour, drawn into a pipe. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runNode } from '../../run-weir.ts';

const MODULE = JSON.stringify(new URL('../../../src/tour/text/tour-view.ts', import.meta.url).href);

test('finished steps stay in their order, and the view ends without a running one', async () => {
  const script = `
    import { drawTour } from ${MODULE};
    const step = (title, ok) => ({ title, commands: ['weir ' + title], measured: [title + ' was seen'], ok, ms: 5 });
    const view = drawTour('weir tour, Envoy 1.40.0');
    view.begin(0, 'on');
    view.finish(0, step('on', true));
    view.begin(1, 'off');
    view.finish(1, step('off', false));
    view.begin(2, 'never finished');
    view.close();
  `;
  const { code, stdout, stderr } = await runNode(['--input-type=module', '-e', script]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /weir tour, Envoy 1\.40\.0[\s\S]*on was seen[\s\S]*off was seen/);
  assert.doesNotMatch(stdout.slice(stdout.lastIndexOf('off was seen')), /never finished/);
});
