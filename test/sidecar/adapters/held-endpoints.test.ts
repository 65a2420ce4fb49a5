/** Listening addresses of a process. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readEndpoints } from '../../../src/sidecar/adapters/held-endpoints.ts';
import { socketInodes } from '../../../src/sidecar/adapters/process-identity.ts';

test('the listening addresses of this process are found in all families, by the sockets that it holds', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-endpoints-'));
  const path = join(folder, 'app.sock');
  const [tcp, pipe] = [createServer(), createServer()];
  const udp = createSocket('udp4');
  try {
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    await new Promise<void>((resolve) => pipe.listen(path, resolve));
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    const inodes = await socketInodes(process.pid);
    const mine = (await readEndpoints('self'))?.filter(({ inode }) => inodes.has(inode)).map(({ address }) => address);
    const { port } = tcp.address() as { port: number };
    for (const address of [`127.0.0.1:${port}`, `udp:127.0.0.1:${udp.address().port}`, `unix:${path}`]) {
      assert.ok(mine?.includes(address), `${address} in ${mine}`);
    }
  } finally {
    tcp.close();
    pipe.close();
    udp.close();
    await rm(folder, { recursive: true });
  }
});
