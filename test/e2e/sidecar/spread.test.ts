/** WebSockets at the end of a drain: all at once, or one by one over its last part. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test';
import { NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';
import { EchoWebSockets, WebSocketClients } from './web-sockets.ts';

const CLIENTS = 60;

describe('WebSockets that outlast a drain', () => {
  let lab: SidecarLab;
  let upstream: EchoWebSockets;
  let clients: WebSocketClients;
  beforeEach(async () => {
    upstream = await EchoWebSockets.start();
    lab = await SidecarLab.open({ drain: '8s' });
    const file = join(lab.folder, 'first.json');
    const bootstrap = JSON.parse(await readFile(file, 'utf8'));
    const { listeners, clusters } = bootstrap.static_resources;
    listeners[0].filter_chains[0].filters[0].typed_config.upgrade_configs = [{ upgrade_type: 'websocket' }];
    clusters[0].load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value = upstream.port;
    await writeFile(file, JSON.stringify(bootstrap));
    await lab.run();
    clients = await WebSocketClients.open(lab.port, CLIENTS);
  });
  afterEach(async () => {
    clients.close();
    upstream.close();
    await lab.close();
  });

  /** How long before the last one the first tenth, and half of them, lost their connections, in ms. */
  async function cutTimes(t: TestContext, ...args: readonly string[]) {
    const { json } = await lab.upgrade('--binary', NEW_ENVOY, ...args);
    assert.equal(json.result?.outcome, 'settled', JSON.stringify(json));
    const times = await clients.allLost();
    const last = times.at(-1) ?? 0;
    const [first = 0, middle = 0] = [0.1, 0.5].map((share) => last - (times[Math.floor(times.length * share)] ?? 0));
    t.diagnostic(
      JSON.stringify({ first, middle, connections: json.result.connections, requests: json.result.requests }),
    );
    // What weir says is what the clients saw: each of them lost its connection, and its request with it.
    assert.deepEqual([json.result.connections, json.result.requests], [{ drained: 0, cut: CLIENTS }, { cut: CLIENTS }]);
    assert.deepEqual(json.warnings, []);
    return { first, middle };
  }

  it('are all cut in one moment', async (t) => {
    const { first } = await cutTimes(t);
    // Seconds less than a spread takes; a busy machine tells the clients one after the other.
    assert.ok(first < 2000, String(first));
  });

  it('are cut one by one over its last part, if asked', async (t) => {
    const { first, middle } = await cutTimes(t, '--drain-spread', '5s');
    assert.ok(first > 3000 && middle > 1000, JSON.stringify({ first, middle }));
  });
});
