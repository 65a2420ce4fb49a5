/** The live view of `weir fleet status --watch`, drawn into a pipe. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runNode } from '../../run-weir.ts';

const MODULE = JSON.stringify(new URL('../../../src/fleet/text/fleet-status-watch.ts', import.meta.url).href);

test('a picture has no more lines than the terminal, and what is not as desired comes first', async () => {
  const script = `
    import { drawFleetStatus } from ${MODULE};
    process.stdout.rows = 24;
    process.stdout.columns = 100;
    const app = (name, asDesired) => ({ name, hosts: 2, asDesired, counts: { on: asDesired, off: 2 - asDesired } });
    const apps = Array.from({ length: 40 }, (_, index) => app('app-' + index, index === 30 ? 1 : 2));
    const hosts = Array.from({ length: 50 }, (_, index) => ({ name: 'host-' + index, state: 'silent', ageMs: 9000, reason: 'no word', labels: {}, apps: [] }));
    const store = { kind: 'etcd', revision: 7, leader: 'op-1' };
    const region = { name: 'east', reachable: true, error: null, store, apps, hosts, objects: [], releases: [] };
    const view = drawFleetStatus();
    view.draw({ regions: [region] });
    await new Promise((resolve) => setTimeout(resolve, 50));
    view.close();
  `;
  const { code, stdout, stderr } = await runNode(['--input-type=module', '-e', script]);
  assert.deepEqual([code, stderr], [0, '']);
  const lines = stdout.trimEnd().split('\n');
  // All but the line that stays free: what fits is shown.
  assert.ok(lines.length < 24 && lines.length > 20, `${lines.length} lines`);
  assert.match(lines[0] ?? '', /^east {2}etcd at revision 7, leader op-1, 50 hosts, 50 not as desired$/);
  assert.match(lines[1] ?? '', /app-30 +1 of 2/);
  assert.match(
    stdout,
    /app-30 +1 of 2[\s\S]*39 applications are as desired[\s\S]*! host-0 +silent +9 s ago +no word[\s\S]*\.\.\. and \d+ more hosts/,
  );
  assert.match(stdout, /UTC {3}Ctrl-C ends/);
});
