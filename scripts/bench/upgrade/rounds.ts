/** Upgrades one after the other: under load alone, and with a SIGKILL at a random moment of each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlPlaneLab } from '../../../test/e2e/sidecar/control-plane-lab.ts';
import { OpenLoopClient } from '../../../test/e2e/sidecar/open-loop.ts';
import { NEW_ENVOY, OLD_ENVOY, SidecarLab } from '../../../test/e2e/sidecar/sidecar-lab.ts';
import { randomStream } from '../../../test/seed.ts';
import { textTable } from './text-table.ts';

const VICTIMS = ['supervisor', 'newest Envoy', 'oldest Envoy', 'control plane', 'supervisor, newest'] as const;
/** The longest wait before the SIGKILL, in milliseconds: an upgrade with its drain takes about that long. */
const MOMENT_MS = 6000;

/**
 * So many rounds with one seed each. What is killed is brought back as an operator would do it: a supervisor is started
 * again, a control plane listens again, an Envoy is left to weir. Ends with exit 1 when a round ends without a live
 * sidecar, with another number of Envoys than one, or when the next upgrade does not settle.
 */
export async function printRandomKills(tries: number, seed: number): Promise<void> {
  process.stdout.write(`seeds ${seed} to ${seed + tries - 1}; a lost request has no whole 200 answer\n`);
  const line = textTable([10, 19, 7, 14, 12, 9, 5, 8, 7, 9]);
  line('seed', 'killed', 'at ms', 'in', 'upgrade', 'requests', 'lost', 'doubled', 'Envoys', 'next');
  let problems = 0;
  for (let round = 0; round < tries; round++) {
    const random = randomStream(seed + round);
    const victim = VICTIMS[Math.floor(random() * VICTIMS.length)] ?? 'supervisor';
    const atMs = Math.floor(random() * MOMENT_MS);
    const row = await oneRound(victim, atMs).catch((error: Error) => error);
    if (row instanceof Error) {
      problems += 1;
      line(String(seed + round), victim, atMs, 'gave up');
      process.stderr.write(`${row.message.split('\n', 1)[0]}\n`);
      continue;
    }
    if (row.envoys !== 1 || row.next !== 'settled') problems += 1;
    const { state, outcome, requests, lost, duplicated, envoys, next } = row;
    line(String(seed + round), victim, atMs, state, outcome, requests, lost, duplicated, envoys, next);
  }
  if (problems > 0) process.exitCode = 1;
}

type Victim = (typeof VICTIMS)[number];

async function oneRound(victim: Victim, atMs: number) {
  const plane = await ControlPlaneLab.open({ sends: 'listeners', drain: '2s', fetchTimeout: '4s' });
  const { lab } = plane;
  let client: OpenLoopClient | null = null;
  try {
    await lab.run();
    client = new OpenLoopClient({
      ...{ port: lab.port, rate: 40, connections: 20, lengthsMs: [5, 5, 400], keepAlive: false },
    });
    await sleep(300);
    const upgrade = lab.upgrade('--binary', NEW_ENVOY);
    await sleep(atMs);
    const state = String((await lab.journal()).findLast(({ kind }) => kind === 'state')?.state);
    await kill(plane, victim);
    if (victim.startsWith('supervisor')) await lab.run();
    const { json } = await upgrade;
    if (victim === 'control plane') await plane.ads.revive();
    await lab.until('the sidecar to be at rest', async () => (await lab.status()).state === 'live');
    const envoys = (await lab.envoys()).length;
    const again = await lab.upgrade('--force');
    const { requests, lost, duplicated } = await client.finish(lab.upstream);
    const outcome = String(json.result?.outcome ?? json.error?.details?.outcome ?? json.error?.code);
    const next = String(again.json.result?.outcome ?? again.json.error?.why);
    return { state, outcome, requests, lost, duplicated, envoys, next };
  } finally {
    client?.stop();
    await plane.close();
  }
}

async function kill({ lab, ads }: ControlPlaneLab, victim: Victim): Promise<void> {
  if (victim === 'control plane') return ads.kill();
  const envoys = await lab.envoys();
  const envoy = victim === 'oldest Envoy' ? envoys.at(0) : victim === 'supervisor' ? undefined : envoys.at(-1);
  if (victim.startsWith('supervisor')) await lab.killSupervisor();
  if (envoy !== undefined) process.kill(envoy, 'SIGKILL');
}

/** So many upgrades under load, there and back, with the memory of the supervisor and its descriptors beside them. */
export async function printSoak(upgrades: number): Promise<void> {
  const line = textTable([8, 9, 6, 9, 5, 8, 8, 8, 8, 12]);
  line('upgrades', 'settled', 's', 'requests', 'lost', 'doubled', 'p99 ms', 'max ms', 'RSS MB', 'descriptors');
  const lab = await SidecarLab.open({ drain: '3s' });
  try {
    await lab.run();
    for (let done = 0; done < upgrades; ) {
      const client = new OpenLoopClient({ port: lab.port, rate: 100, connections: 20, lengthsMs: [5, 5, 5, 600] });
      const began = performance.now();
      let settled = 0;
      const count = Math.min(5, upgrades - done);
      for (let index = 0; index < count; index++) {
        const { json } = await lab.upgrade('--binary', (done + index) % 2 === 0 ? NEW_ENVOY : OLD_ENVOY);
        if (json.result?.outcome === 'settled') settled += 1;
        else process.stderr.write(`${JSON.stringify(json)}\n`);
      }
      done += count;
      const { requests, lost, duplicated, p99, max } = await client.finish(lab.upstream);
      const { rssMb, descriptors } = await lab.supervisorSize();
      const seconds = (performance.now() - began) / 1000;
      line(String(done), settled, seconds, requests, lost, duplicated, p99, max, rssMb, descriptors);
    }
  } finally {
    await lab.close();
  }
}
