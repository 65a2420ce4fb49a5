/** Reading of the kernel's TCP table. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { socketInodes } from '../../../src/sidecar/adapters/process-identity.ts';
import {
  countsNoTcp6,
  listeningSockets,
  parseTcpTable,
  readTcpTable,
  tcpTables,
} from '../../../src/sidecar/adapters/tcp-table.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

describe('the TCP table of the kernel', () => {
  it('is read with addresses of both families in the words that people use', () => {
    const v4 = `${HEAD}\n   0: 0100007F:3A99 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 4711 1`;
    const v6 = `${HEAD}\n   0: 00000000000000000000000001000000:3A99 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1`;
    assert.deepEqual(parseTcpTable(v4), [
      { local: '127.0.0.1:15001', localPort: 15_001, state: 10, waiting: 3, inode: '4711' },
    ]);
    assert.equal(parseTcpTable(v6)[0]?.local, '[::1]:15001');
    assert.equal(
      parseTcpTable(v6.replace('0000000000000000000000000100', '0000000000000000000000000000'))[0]?.local,
      '[::]:15001',
    );
  });

  it('is read whatever the number of the row, and the states are told apart', () => {
    const row = '10000: 0100007F:8787 0100007F:E4BA 06 00000000:00000000 03:00000FDC 00000000     0        0 0 3 0000';
    assert.deepEqual(parseTcpTable(`${HEAD}\n${row}\n${row.replace(' 06 ', ' 01 ')}\n`), [
      { local: '127.0.0.1:34695', localPort: 34_695, state: 6, waiting: 0, inode: '0' },
      { local: '127.0.0.1:34695', localPort: 34_695, state: 1, waiting: 0, inode: '0' },
    ]);
  });

  it('shows a listener of this very process, and not on a port that is left out', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      const inodes = await socketInodes(process.pid);
      const mine = await listeningSockets('self', inodes, new Set());
      assert.ok(mine.some(({ localPort }) => localPort === port));
      const others = await listeningSockets('self', inodes, new Set([port]));
      assert.ok(!others.some(({ localPort }) => localPort === port));
    } finally {
      server.close();
    }
  });

  it('is read for IPv6 as soon as there is a socket of it, also one that serves IPv4', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '::', resolve));
    const { port } = server.address() as { port: number };
    const client = connect(port, '127.0.0.1');
    await Promise.all([once(client, 'connect'), once(server, 'connection')]);
    try {
      assert.deepEqual(tcpTables('self'), ['tcp', 'tcp6']);
      const rows = ((await readTcpTable('self')) ?? []).filter(({ localPort }) => localPort === port);
      assert.deepEqual(rows.map(({ state }) => state).sort(), [1, 10]);
      const mine = await listeningSockets('self', await socketInodes(process.pid), new Set());
      assert.ok(mine.some((row) => row.localPort === port));
    } finally {
      client.destroy();
      server.close();
    }
  });

  it('is left out for IPv6 only where the kernel counts no socket of it', () => {
    assert.equal(countsNoTcp6('TCP6: inuse 0\nUDP6: inuse 1\n'), true);
    assert.equal(countsNoTcp6('TCP6: inuse 10\nUDP6: inuse 0\n'), false);
    assert.equal(countsNoTcp6(''), false);
    // A process that is gone has no count.
    assert.deepEqual(tcpTables(4_194_305), ['tcp', 'tcp6']);
  });
});
