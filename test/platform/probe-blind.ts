/**
 * Looks at a living process (argv: pid, folder) from a process that cannot: one without a free descriptor, or one of
 * another user. Prints what each look came to as one JSON document.
 */
import { openSync } from 'node:fs';
import { hasSupervisor } from '../../src/platform/control-socket.ts';
import { exists } from '../../src/platform/exists.ts';
import { askReadiness } from '../../src/platform/readiness.ts';
import { openEnvoyProcesses } from '../../src/sidecar/adapters/envoy-processes.ts';
import { readKept } from '../../src/sidecar/adapters/keeper.ts';
import { anonymousBytes, isAlive, signalProcess, socketInodes } from '../../src/sidecar/adapters/process-identity.ts';
import { readSharedMemory } from '../../src/sidecar/adapters/shared-memory-flag.ts';
import { listeningSockets, readTcpTable } from '../../src/sidecar/adapters/tcp-table.ts';
import { openPairStore } from '../../src/sidecar/adapters/versions-store.ts';

const [pid = '', startTicks = '', folder = '', how = ''] = process.argv.slice(2);
const identity = { pid: Number(pid), startTicks };
const envoys = openEnvoyProcesses(folder, `${folder}/envoy.log`);
const pairs = openPairStore(folder, [], null);
const LOOKS: Readonly<Record<string, () => Promise<unknown>>> = {
  isAlive: () => isAlive(identity),
  signal: () => signalProcess(identity, 'SIGURG'),
  anonymousBytes: () => anonymousBytes(identity.pid),
  socketInodes: () => socketInodes(identity.pid),
  readTcpTable: () => readTcpTable(identity.pid),
  listeningSockets: () => listeningSockets(identity.pid, new Set(['1']), new Set()),
  readKept: () => readKept(folder, 'g1'),
  'envoys.isAlive': () => envoys.isAlive(1),
  'envoys.living': () => envoys.living(),
  'pairs.read': () => pairs.read('0123456789ab'),
  'pairs.pointers': () => pairs.pointers(),
  exists: () => exists(`${folder}/closed/file`),
  hasSupervisor: () => hasSupervisor(`${folder}/closed/control.sock`),
  askReadiness: async () => (await askReadiness({ kind: 'unix', path: `${folder}/closed/admin.sock` }, '/', 999)).state,
  sharedMemory: () => readSharedMemory(4711),
};

if (how === 'EMFILE') {
  try {
    for (;;) openSync('/dev/null', 'r');
  } catch {
    // Every descriptor is taken now.
  }
} else {
  process.setgroups?.([]);
  process.setgid?.(65_534);
  process.setuid?.(65_534);
}
const seen: Record<string, string> = {};
for (const [name, look] of Object.entries(LOOKS)) {
  seen[name] = await look().then(
    (found) => `found ${JSON.stringify(found)}`,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}
process.stdout.write(JSON.stringify(seen));
