/** Kills a supervisor in a given state and records the consequences. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { socketInodes } from '../../../src/sidecar/adapters/process-identity.ts';
import { listeningSockets } from '../../../src/sidecar/adapters/tcp-table.ts';
import { OpenLoopClient } from './open-loop.ts';
import { NEW_ENVOY, OLD_ENVOY, SidecarLab } from './sidecar-lab.ts';

/** The states in which a supervisor is killed, in the order of an upgrade. */
export const DEATH_STATES = [
  'idle',
  'preflight',
  'snapshot',
  'spawned',
  'initializing',
  'handover',
  'draining',
  'ending',
  'aborting',
] as const;

/** One of them. */
type DeathState = (typeof DEATH_STATES)[number];

/** What the death of a supervisor led to. */
export interface DeathRow {
  /** Which process took new connections while no supervisor lived: `old`, `new`, or both for an instant. */
  readonly serves: string;
  /** What status says meanwhile. */
  readonly status: string;
  /** The state in which the new supervisor found itself after it had looked; `started` when nothing lived. */
  readonly adopted: string;
  /** How the interrupted upgrade ended; null without one, or when it was forgotten because nothing had begun. */
  readonly outcome: string | null;
  readonly version: string;
  readonly envoysLeft: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly errors: readonly string[];
  readonly next: string;
}

/** Kills the supervisor with SIGKILL in a state of an upgrade under load, starts another, and upgrades once more. */
export async function trySupervisorDeath(state: DeathState): Promise<DeathRow> {
  const lab = await SidecarLab.open({ drain: '4s' });
  let client: OpenLoopClient | null = null;
  try {
    await lab.run();
    client = new OpenLoopClient({ port: lab.port, rate: 60, connections: 20, lengthsMs: [5, 5, 800] });
    await sleep(300);
    const hangSeconds = { initializing: 5, aborting: 60 }[state as string];
    const change = hangSeconds === undefined ? {} : { hangSeconds };
    const bootstrap = await lab.writeBootstrap('second.json', change);
    // Idle is where it is already.
    const known = state === 'idle' ? 0 : (await lab.journal()).length;
    const upgrade = state === 'idle' ? null : lab.upgrade('--binary', NEW_ENVOY, '--bootstrap', bootstrap);
    if (state === 'aborting') {
      await lab.untilReached(known, 'initializing');
      void lab.weir('sidecar', 'abort', 'main').catch(() => {});
    }
    // A short state may be over before it is seen: what follows it will do as well.
    const later = DEATH_STATES.slice(DEATH_STATES.indexOf(state)).filter((one) => state === 'idle' || one !== 'idle');
    await lab.untilReached(known, ...later, 'notify');
    await lab.killSupervisor();
    const serves = await whoListens(lab);
    const { state: status } = await lab.status();
    const told = lab.log.length;
    await lab.run();
    const first = await upgrade;
    await lab.untilAtRest();
    const { version } = await lab.status();
    const envoysLeft = (await lab.envoys()).length;
    const next = await lab.upgrade('--binary', OLD_ENVOY, '--force');
    const load = await client.finish(lab.upstream);
    return {
      serves,
      status,
      adopted: /"event":"adopted"[^}]*"state":"(\w+)"/.exec(lab.log.slice(told))?.[1] ?? 'started',
      outcome: first?.json.result?.outcome ?? first?.json.error?.details?.outcome ?? null,
      version,
      envoysLeft,
      lost: load.lost,
      duplicated: load.duplicated,
      errors: load.errors,
      next: String(next.json.result?.outcome ?? next.json.error?.why),
    };
  } finally {
    client?.stop();
    await lab.close();
  }
}

/** A test for each of these states. */
export function supervisorDeaths(...states: readonly DeathState[]): void {
  describe('SIGKILL of the supervisor leaves the traffic alone, and a new one goes on', () => {
    for (const state of states) {
      it(`in ${state}`, async (t) => {
        const { status, lost, duplicated, next, envoysLeft, errors, ...row } = await trySupervisorDeath(state);
        t.diagnostic(JSON.stringify({ state, ...row, lost, duplicated }));
        assert.deepEqual(
          { status, lost, duplicated, next, envoysLeft },
          { status: 'unsupervised', lost: 0, duplicated: 0, next: 'settled', envoysLeft: 1 },
          errors.join('\n'),
        );
      });
    }
  });
}

async function whoListens(lab: SidecarLab): Promise<string> {
  const names: string[] = [];
  for (const [index, pid] of (await lab.envoys()).entries()) {
    if ((await listeningSockets(pid, await socketInodes(pid), new Set())).length > 0)
      names.push(index === 0 ? 'old' : 'new');
  }
  return names.join(' and ') || 'nobody';
}
