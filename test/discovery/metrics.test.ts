/** The numbers of a discovery agent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiscoveryMetrics } from '../../src/discovery/metrics/discovery-metrics.ts';
import { instanceEvent, listing, MachineStage } from './agent/machine-stage.ts';

test('metrics say what is held, refused, connected and heard', () => {
  const stage = new MachineStage();
  const metrics = new DiscoveryMetrics(5_000);
  const early = metrics.print(stage.machine, 1);
  assert.match(early, /^weir_discovery_serving 0$/m);
  assert.doesNotMatch(early, /^weir_discovery_(held_)?endpoints\{/m, 'no registry was heard yet');
  assert.match(early, /^weir_discovery_converge_seconds_count 0$/m);
  stage.tell(...listing('pay', [1, 2]), ...listing('stock', [3]));
  stage.synced();
  stage.connect();
  stage.pass(1_000);
  stage.tell(instanceEvent('stock', 4));
  assert.deepEqual(stage.hosts('stock'), [3, 4]);
  stage.tell(...listing('pay', []));
  stage.pass(200);
  for (const news of stage.news) metrics.observe(news);
  const refused = { event: 'nack', node: 'n', type: 'Listener', name: 'outbound', error: 'x', text: 't' } as const;
  metrics.observe(refused);
  const text = metrics.print(stage.machine, 70_000_000);
  for (const line of [
    'weir_discovery_serving 1',
    'weir_discovery_registry_state{registry="hz",state="synced"} 1',
    'weir_discovery_registry_state{registry="hz",state="lost"} 0',
    'weir_discovery_endpoints{app="pay",unit=""} 2',
    'weir_discovery_held_endpoints{app="pay"} 2',
    'weir_discovery_held_endpoints{app="stock"} 0',
    'weir_discovery_held_updates_total 1',
    'weir_discovery_nacks_total{type="Listener"} 1',
    'weir_discovery_nacks_total{type="Cluster"} 0',
    'weir_discovery_streams{sidecar="main"} 1',
    'weir_discovery_resident_memory_bytes 70000000',
    'weir_discovery_start_time_seconds 5',
  ])
    assert.ok(text.split('\n').includes(line), `${line} is missing in:\n${text}`);
  assert.match(text, /^weir_discovery_converge_seconds_count [1-9]/m);
});
