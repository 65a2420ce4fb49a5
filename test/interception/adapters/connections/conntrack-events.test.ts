/** The listener for new connections, on a stand-in for conntrack. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenToConntrack } from '../../../../src/interception/adapters/connections/conntrack-events.ts';
import { fakePath } from '../../../fakes/fake-path.ts';
import { until } from '../../../until.ts';

const EVENT =
  'tcp 6 120 SYN_SENT src=10.77.0.1 dst=192.0.2.9 sport=40001 dport=80 [UNREPLIED] src=127.0.0.1 dst=10.77.0.1 sport=15001 dport=40001 mark=1459618064';

test('new connections to the places are heard as they come, until the listener is stopped', async (t: TestContext) => {
  const script = `trap 'echo stopped >"$HERE/end"; exit 0' TERM; echo "$@" >"$HERE/asked"; echo '    [NEW] ${EVENT}'; sleep 20 & wait`;
  const folder = fakePath(t, { conntrack: script });
  const listener = listenToConntrack([{ address: '192.0.2.9', port: 80 }]);
  assert.deepEqual(listener.flows(), []);
  await until('the new connection', async () => listener.flows().length > 0);
  assert.deepEqual(listener.flows(), [
    {
      mark: 0x57000110,
      state: 'SYN_SENT',
      source: { address: '10.77.0.1', port: 40_001 },
      originalDestination: { address: '192.0.2.9', port: 80 },
      answeredBy: { address: '127.0.0.1', port: 15_001 },
    },
  ]);
  const asked = readFileSync(join(folder, 'asked'), 'utf8');
  assert.equal(asked, '-E -e NEW -b 4194304 -p tcp -f ipv4 --orig-dst 192.0.2.9 --orig-port-dst 80\n');
  listener.stop();
  await until('the end of the tool', async () => existsSync(join(folder, 'end')));
});

test('without the right to listen nothing is heard, and nothing is thrown', async (t: TestContext) => {
  fakePath(t, { conntrack: 'echo "Operation not permitted" >&2; exit 1' });
  const listener = listenToConntrack([{ address: '2001:db8::9', port: 80 }]);
  await sleep(20);
  assert.deepEqual(listener.flows(), []);
  listener.stop();
});
