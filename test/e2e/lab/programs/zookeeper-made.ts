// Tells which nodes are in a folder of a ZooKeeper, and by which change each was made: one made anew has another.
import { ZooKeeperSession } from '../../../../src/discovery/adapters/zookeeper/zookeeper-session.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { announce, programOptions } from './program.ts';

const { host, port, folder } = programOptions<{ host: string; port: number; folder: string }>();
const connected = Promise.withResolvers<void>();
const session = new ZooKeeperSession(
  { servers: [{ host, port }], digest: null, sessionMs: 10_000 },
  { connected: () => connected.resolve(), disconnected: () => undefined, changed: () => undefined },
  systemClock,
);
const running = session.run();
await connected.promise;
const names = (await session.getChildren(folder)) ?? [];
const madeBy = names.map(async (name) => [name, String((await session.mark(`${folder}/${name}`))?.created)]);
announce('MADE', Object.fromEntries(await Promise.all(madeBy)));
session.close();
await running;
