/** Old processes whose connections cannot all be counted, or that no sink can stand in for, are left to Envoy's own timer. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenLoopClient } from './open-loop.ts';
import { NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';

/** An HTTP request over a Unix socket; its body, or the error. */
function askSocket(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path }, (answer) => {
      let body = '';
      answer.on('data', (chunk) => {
        body += chunk;
      });
      answer.on('end', () => resolve(body));
      answer.on('error', (error) => resolve(error.message));
    });
    asked.on('error', (error) => resolve(error.message));
    asked.end();
  });
}

describe('an old process that must not be ended early', () => {
  let lab: SidecarLab;
  const path = process.env.PATH;
  beforeEach(async () => {
    lab = await SidecarLab.open({ drain: '4s' });
  });
  afterEach(async () => {
    process.env.PATH = path;
    await lab.close();
  });

  /** Adds a listener to the bootstrap of mesh.yaml, made from its own one. */
  async function addListener(change: (listener: Record<string, unknown>) => Record<string, unknown>): Promise<void> {
    const file = join(lab.folder, 'first.json');
    const bootstrap = JSON.parse(await readFile(file, 'utf8'));
    const [first] = bootstrap.static_resources.listeners;
    bootstrap.static_resources.listeners.push(change(structuredClone(first)));
    await writeFile(file, JSON.stringify(bootstrap));
  }

  async function upgrade(t: TestContext, says: RegExp): Promise<void> {
    const { json } = await lab.upgrade('--binary', NEW_ENVOY);
    assert.equal(json.result?.outcome, 'settled', JSON.stringify(json));
    assert.match(json.warnings.join('\n'), says);
    const [last] = json.result.states.slice(-1);
    // Not before the timer of 4 s, though the old one had nothing to do.
    assert.ok(last.atMs >= 4000, JSON.stringify(json.result.states));
    t.diagnostic(JSON.stringify({ settledAtMs: last.atMs, connections: json.result.connections }));
    await sleep(1000);
    await lab.until('the old one to be gone', async () => (await lab.envoys()).length === 1);
    assert.equal((await lab.status()).state, 'live');
  }

  it('a listener on a Unix socket: its request in flight is answered', async (t) => {
    const socket = join(lab.runDir, 'main', 'app.sock');
    await addListener((one) => ({ ...one, name: 'pipe', address: { pipe: { path: socket, mode: 511 } } }));
    await lab.run();
    const slow = askSocket(socket, '/slow?ms=3000');
    await lab.until('the request to be under way', async () => lab.upstream.seen.has('slow'));
    await upgrade(t, /pipe is a Unix socket/);
    assert.equal(await slow, 'slow');
  });

  it('a listener for datagrams: none is lost at the hand-over for want of the old one', async (t) => {
    const port = lab.sparePort;
    await addListener(() => ({
      name: 'datagrams',
      address: { socket_address: { protocol: 'UDP', address: '127.0.0.1', port_value: port } },
      listener_filters: [
        {
          name: 'udp',
          typed_config: {
            '@type': `${TYPE}.filters.udp.udp_proxy.v3.UdpProxyConfig`,
            stat_prefix: 'udp',
            matcher: {
              on_no_match: {
                action: {
                  name: 'route',
                  typed_config: { '@type': `${TYPE}.filters.udp.udp_proxy.v3.Route`, cluster: 'up' },
                },
              },
            },
          },
        },
      ],
    }));
    const echo = createSocket('udp4');
    echo.on('message', (message, from) => echo.send(message, from.port, from.address));
    await new Promise<void>((resolve) => echo.bind(lab.upstream.port, '127.0.0.1', resolve));
    try {
      await lab.run();
      await upgrade(t, /datagrams takes datagrams/);
    } finally {
      echo.close();
    }
  });

  it('no perl for the sink: Envoy ends the old one itself, and the new one lives on', async (t) => {
    const tools = join(lab.folder, 'tools');
    await mkdir(tools);
    for (const folder of ['/usr/sbin', '/usr/bin', '/bin']) {
      for (const name of await readdir(folder)) {
        if (!name.startsWith('perl')) await symlink(join(folder, name), join(tools, name)).catch(() => {});
      }
    }
    process.env.PATH = tools;
    await lab.run();
    await lab.until('a warning', async () => lab.log.includes('perl, which'));
    assert.match(lab.log, /perl, which stands in for the old process, does not run/);
    const client = new OpenLoopClient({ port: lab.port, rate: 40, connections: 10, lengthsMs: [5] });
    await upgrade(t, /perl, which stands in for the old process, does not run/);
    // Without a sink an Envoy whose parent was killed aborts after 13 s.
    await sleep(14_000);
    const { lost, errors } = await client.finish(lab.upstream);
    assert.equal(lost, 0, errors.join('\n'));
    assert.equal((await lab.status()).version, '1.40.0');
  });
});
