/** The status of a sidecar, with or without its supervisor. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountId, SidecarConfig } from '../../mesh/mesh-config.ts';
import { askReadiness, type Readiness } from '../../platform/readiness.ts';
import { connectionsSeen } from '../connections-seen.ts';
import { crashHistory, lastUpgrade } from '../machine/upgrade-history.ts';
import type { SidecarStatus } from '../machine/upgrade-report.ts';
import type { FoundEnvoy, SidecarHost, SidecarJournalEntry, SidecarSpec } from '../ports.ts';
import { unreadyWord } from '../supervisor/machine-view.ts';
import { sidecarSpec } from '../usecases/sidecar-spec.ts';
import { askServerInfo } from './envoy-admin.ts';
import { openSidecar, type WeirFolders } from './open-sidecar.ts';
import { primaryGroup } from './run-as.ts';
import { lastSupervisor, silentWords } from './silent-supervisor.ts';
import { askSupervisorOf } from './supervisor-line.ts';

/** A stopped (SIGSTOP) supervisor does not answer. The status is then read from files. */
const ANSWER_MS = 1000;

/** The state of a process that nobody who answers supervises, and what was seen of it. */
type SeenState = Pick<SidecarStatus, 'state' | 'detail' | 'supervisorPid'>;

/**
 * The state of a sidecar: from its supervisor, else from its processes and its admin. Never throws for a dead sidecar.
 */
export async function readSidecarStatus(
  folders: WeirFolders,
  sidecar: SidecarConfig<AccountId>,
): Promise<SidecarStatus> {
  return (await readManagedStatus(folders, sidecar.name, sidecar)) ?? (await unmanaged(sidecar));
}

/** The same for a sidecar that weir runs; without its entry of mesh.yaml only a supervisor can tell. Null: nobody can. */
export async function readManagedStatus(
  folders: WeirFolders,
  name: string,
  configured: SidecarConfig<AccountId> | null,
): Promise<SidecarStatus | null> {
  const spec = configured === null ? null : await sidecarSpec(configured, primaryGroup);
  if (configured !== null && spec === null) return null;
  const asked = askSupervisorOf<'status'>(folders.runDir, name, { command: 'status' });
  const answer = await Promise.race([asked, sleep(ANSWER_MS, 'late' as const, { ref: false })]);
  if (answer !== 'late' && answer.kind === 'result') return answer.result;
  if (spec === null) return null;
  return readFromProcesses(folders, spec, answer === 'late');
}

async function readFromProcesses(folders: WeirFolders, spec: SidecarSpec, isLate: boolean): Promise<SidecarStatus> {
  const host = openSidecar(folders, spec);
  const { found } = await host.findProcesses(spec);
  const newest = found.at(-1) ?? null;
  const generation = newest?.launch.generation ?? null;
  const pair = generation === null ? null : await host.pairs.read(generation.pair);
  const { entries } = await host.journal.read();
  return {
    name: spec.name,
    ...(isLate ? await seenBesideSupervisor(host, spec, newest, entries) : seenAlone(newest)),
    epoch: generation?.epoch ?? null,
    pid: newest?.launch.pid ?? null,
    version: pair?.version ?? null,
    bootstrapSha256: pair?.bootstrapSha256 ?? null,
    managed: true,
    connections: { active: generation === null ? 0 : await connectionsSeen(host, spec, generation.id) },
    upgrade: null,
    crash: crashHistory(entries).at(-1) ?? null,
    last: lastUpgrade(entries),
  };
}

function seenAlone(newest: FoundEnvoy | null): SeenState {
  return { state: newest === null ? 'stopped' : 'unsupervised', detail: null, supervisorPid: null };
}

/** The supervisor listens and did not answer in time: what serves is looked at without it. */
async function seenBesideSupervisor(
  host: SidecarHost,
  spec: SidecarSpec,
  newest: FoundEnvoy | null,
  entries: readonly SidecarJournalEntry[],
): Promise<SeenState> {
  const supervisorPid = lastSupervisor(entries);
  const silent = `its supervisor${silentWords(supervisorPid)}`;
  if (newest === null) return { state: 'starting', detail: silent, supervisorPid };
  const answer = await host.ready(spec, newest.launch.generation.id, true);
  if (answer.state === 'ready') return { state: 'live', detail: silent, supervisorPid };
  return { state: unreadyWord(answer.state), detail: `${answer.detail}; ${silent}`, supervisorPid };
}

/** Of a sidecar that weir does not run nothing is known but what it answers; it may be no Envoy. */
async function unmanaged(sidecar: SidecarConfig<AccountId>): Promise<SidecarStatus> {
  const [info, answer] = await Promise.all([
    askServerInfo(sidecar.admin, ANSWER_MS),
    askReadiness(sidecar.admin, sidecar.readyPath, ANSWER_MS),
  ]);
  return {
    name: sidecar.name,
    ...unmanagedState(info?.state ?? null, answer),
    epoch: info?.epoch ?? null,
    pid: null,
    version: info?.version ?? null,
    bootstrapSha256: null,
    managed: false,
    supervisorPid: null,
    connections: { active: null },
    upgrade: null,
    crash: null,
    last: null,
  };
}

function unmanagedState(said: string | null, answer: Readiness): Pick<SidecarStatus, 'state' | 'detail'> {
  if (answer.state === 'ready') return { state: 'live', detail: null };
  if (answer.state === 'unknown') return { state: 'unknown', detail: answer.detail };
  if (said !== null && said !== 'LIVE') return { state: 'starting', detail: answer.detail };
  return { state: answer.state === 'dead' ? 'stopped' : unreadyWord(answer.state), detail: answer.detail };
}
