import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeSharedMemory } from '../../../src/sidecar/adapters/shared-memory-flag.ts';
import { sidecarBootstrap } from '../../../test/e2e/sidecar/sidecar-bootstrap.ts';
import { NEW_ENVOY, OLD_ENVOY } from '../../../test/e2e/sidecar/sidecar-lab.ts';
import type { Arm, RunningArm } from './arm.ts';
import { hasEnded, ProxySite, until } from './proxy-site.ts';

/** What Envoy's own restarter would be given to be comparable: weir's default drain of 15 s. */
const DRAIN = ['--drain-strategy', 'immediate', '--drain-time-s', '14', '--parent-shutdown-time-s', '15'];
const HASTY_MS = 4000;

interface PlainEnvoys {
  readonly site: ProxySite;
  readonly baseId: number;
  spawn(epoch: number): ChildProcess;
}

async function openEnvoys(): Promise<PlainEnvoys> {
  const site = await ProxySite.open();
  const bootstrap = join(site.folder, 'envoy.json');
  const content = sidecarBootstrap({
    port: site.port,
    upstreamPort: site.upstream.port,
    adminPath: join(site.folder, 'admin.sock'),
    accessLog: join(site.folder, 'access.log'),
    label: 'bench',
  });
  await writeFile(bootstrap, JSON.stringify(content));
  // Far from the numbers that weir derives from names, and another one for each arm of each run.
  const baseId = 90_000_000 + site.port;
  let turn = 0;
  return {
    site,
    baseId,
    spawn(epoch) {
      const binary = turn++ % 2 === 0 ? OLD_ENVOY : NEW_ENVOY;
      const identity = ['--base-id', String(baseId), '--restart-epoch', String(epoch), '--concurrency', '1'];
      return site.start([binary, '-c', bootstrap, ...identity, ...DRAIN, '--log-level', 'off']);
    },
  };
}

/**
 * What hot-restarter.py does: a SIGHUP starts the next epoch at once, without a look at it and without a lock; when any
 * child ends with an error, all others are killed. It cannot tell when an upgrade is over: `patient` waits until the old
 * process is gone, as an operator who watches `ps` would; else the next one comes after 4 s.
 */
function restarterArm(name: string, patient: boolean): Arm {
  return {
    name,
    missing: async () => null,
    async start(): Promise<RunningArm> {
      const { site, baseId, spawn } = await openEnvoys();
      const children: ChildProcess[] = [];
      let epoch = 0;
      const fork = () => {
        const child = spawn(epoch++);
        children.push(child);
        child.on('exit', (code) => {
          if (code === 0) return;
          for (const other of children) if (!hasEnded(other)) other.kill('SIGKILL');
        });
        return child;
      };
      let serving = fork();
      await site.untilAccepting();
      return {
        port: site.port,
        upstream: site.upstream,
        async upgrade() {
          const old = serving;
          serving = fork();
          if (patient) await until('the old process to end', () => hasEnded(old));
          else await sleep(HASTY_MS);
          if (hasEnded(serving)) throw new Error('the restarter has ended everything');
          return { cut: null };
        },
        async close() {
          for (const child of children) child.removeAllListeners('exit');
          await site.close();
          await removeSharedMemory(baseId);
        },
      };
    },
  };
}

/** Envoy's own restarter, used with patience. */
export const restarter = restarterArm('hot-restarter', true);
/** The same, told to upgrade again while the last one still drains. */
export const hastyRestarter = restarterArm('  every 4 s', false);

/** What a restart of the service does: end the one, start the other. The best case, without any tool's own start-up. */
export const stopAndStart: Arm = {
  name: 'stop + start',
  missing: async () => null,
  async start() {
    const { site, baseId, spawn } = await openEnvoys();
    let serving = spawn(0);
    await site.untilAccepting();
    return {
      port: site.port,
      upstream: site.upstream,
      async upgrade() {
        serving.kill('SIGTERM');
        await until('the old process to end', () => hasEnded(serving), 2);
        serving = spawn(0);
        await site.untilAccepting();
        await sleep(500);
        return { cut: null };
      },
      async close() {
        await site.close();
        await removeSharedMemory(baseId);
      },
    };
  },
};
