// Writes nodes into a ZooKeeper as soon as it takes sessions.
import { setTimeout as sleep } from 'node:timers/promises';
import { ZooKeeperWriter } from '../../discovery/zookeeper.ts';
import { announce, programOptions } from './program.ts';

interface Put {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly value?: string;
}

const { host, port, path, value } = programOptions<Put>();
const limit = AbortSignal.timeout(80_000);
let writer: ZooKeeperWriter | null = null;
while (writer === null && !limit.aborted) {
  writer = await ZooKeeperWriter.connect(port, host).catch(() => null);
  if (writer === null) await sleep(100);
}
if (writer === null) throw new Error('ZooKeeper opens no session');
await writer.put(path, value);
writer.close();
announce('WRITTEN');
