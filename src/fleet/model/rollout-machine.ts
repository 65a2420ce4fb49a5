/** The waves of a release as a pure machine: hosts, gates and time in, the next record out. Only the leader runs it. */
import type { ReleaseGate, SidecarRelease } from './object-schemas.ts';
import type { Rollout } from './records.ts';
import type { FleetHost } from './region-view.ts';
import { selects } from './selector.ts';

/** How a host stands with a release. */
export type HostProgress = 'done' | 'failed' | 'pending' | 'silent';

/** One wave with its hosts. */
export interface WaveHosts {
  /** From 1; wave 0 of a rollout is the moment before the first. */
  readonly index: number;
  readonly hosts: readonly {
    readonly name: string;
    readonly progress: HostProgress;
    readonly error: string | null;
    /** Whether the release is the last one that the host tried; null: the host does not speak. */
    readonly hasRelease: boolean | null;
  }[];
}

/** The answer of a Prometheus gate. `value` null: there was no answer, which is not good. */
export interface GateAnswer {
  readonly value: number | null;
  readonly why: string | null;
}

/** The next record, and its verb in history; null when nothing moves. */
export interface RolloutStep {
  readonly next: Rollout;
  /** Null: bookkeeping that history does not tell. */
  readonly verb: 'wave' | 'stopped' | 'done' | 'undone' | null;
}

/** The wave of a host, from 1: the first that selects it. Null when none does, or the release is not for it. */
export function waveOf(release: SidecarRelease, host: Pick<FleetHost, 'name' | 'labels'>): number | null {
  const { hosts, pods, waves } = release.spec;
  const salt = release.metadata.name;
  if (pods !== undefined || !selects(hosts, host, salt)) return null;
  const index = waves.findIndex((wave) => selects(wave, host, salt));
  return index === -1 ? null : index + 1;
}

/**
 * The waves of a release with the hosts that have its sidecar, and how they stand with the start of `startedAt`: what a
 * host did for an earlier start is over, and it tries again.
 */
export function waveHosts(
  release: SidecarRelease,
  hosts: Iterable<FleetHost>,
  startedAt?: string | undefined,
): readonly WaveHosts[] {
  const waves = release.spec.waves.map((_, index): { index: number; hosts: WaveHosts['hosts'][number][] } => ({
    index: index + 1,
    hosts: [],
  }));
  for (const host of hosts) {
    const index = waveOf(release, host);
    if (index === null || host.record?.stopped != null) continue;
    waves[index - 1]?.hosts.push({ name: host.name, ...progressOf(release, host, startedAt) });
  }
  return waves;
}

function progressOf(
  release: SidecarRelease,
  host: FleetHost,
  startedAt: string | undefined,
): Omit<WaveHosts['hosts'][number], 'name'> {
  if (host.status === null) {
    const error = host.damaged === null ? null : `what it wrote cannot be read: ${host.damaged}`;
    return { progress: 'silent', error, hasRelease: null };
  }
  const sidecar = host.status.sidecars.find(({ name }) => name === release.spec.sidecar);
  if (sidecar?.release !== release.metadata.name) return { progress: 'pending', error: null, hasRelease: false };
  const { error, outcome } = sidecar;
  // A host of an older weir does not say for which start it was.
  const isEarlier = startedAt !== undefined && (sidecar.startedAt ?? startedAt) !== startedAt;
  if (isEarlier) return { progress: 'pending', error: null, hasRelease: true };
  if (error !== null) return { progress: 'failed', error, hasRelease: true };
  return { progress: outcome === null ? 'pending' : 'done', error: null, hasRelease: true };
}

/** The gates that have to be asked of Prometheus before the wave can end. */
export function gatesToAsk(rollout: Rollout, release: SidecarRelease, waves: readonly WaveHosts[]): ReleaseGate[] {
  if (rollout.state !== 'running' || rollout.wave === 0 || rollout.skipGates === rollout.wave) return [];
  return isThrough(rollout, waves) ? release.spec.gates.filter(({ type }) => type === 'prometheus') : [];
}

/** How long the leader has watched, in ms, by a clock of its own that nobody sets. */
export interface RolloutTimes {
  /** The wave that moves. */
  readonly waveMs: number;
  /** The Prometheus gates of it, which hold. */
  readonly heldMs: number;
}

/** One step of a rollout; null when it waits. `nowMs` is wall time, for the record alone. */
export function stepRollout(
  rollout: Rollout,
  release: SidecarRelease,
  waves: readonly WaveHosts[],
  answers: ReadonlyMap<ReleaseGate, GateAnswer>,
  nowMs: number,
  { waveMs, heldMs }: RolloutTimes,
): RolloutStep | null {
  if (rollout.state === 'undoing') return stepUndo(rollout, waves);
  if (rollout.state !== 'running') return null;
  if (rollout.wave === 0) return nextWave(rollout, release, nowMs, waves);
  const isSkipped = rollout.skipGates === rollout.wave;
  const broken = isSkipped ? null : brokenHostsGate(rollout, release, waves);
  if (broken !== null) return stopped(rollout, broken);
  if (!isThrough(rollout, waves) && !isSkipped) {
    if (waveMs > release.spec.timeout) return stopped(rollout, `timeout: ${missing(rollout, waves)}`);
    return allowMore(rollout, release, waves);
  }
  if (isSkipped && !isThrough(rollout, waves)) return nextWave(rollout, release, nowMs, waves);
  const verdict = prometheusVerdict(rollout, answers, nowMs, heldMs);
  switch (verdict.kind) {
    case 'broken':
      return stopped(rollout, verdict.reason);
    case 'good':
      return nextWave(rollout, release, nowMs, waves);
    case 'waits': {
      if (waveMs > release.spec.timeout && verdict.reason !== null)
        return stopped(rollout, `timeout: ${verdict.reason}`);
      const heldSince = verdict.heldSince === null ? null : new Date(verdict.heldSince).toISOString();
      const isSame = heldSince === (rollout.heldSince ?? null);
      return isSame ? null : { next: { ...rollout, heldSince }, verb: null };
    }
    default:
      return verdict satisfies never;
  }
}

/** Undone when each host of the waves so far says that it has left the release; a silent one may still run it. */
function stepUndo(rollout: Rollout, waves: readonly WaveHosts[]): RolloutStep | null {
  const left = hostsSoFar(rollout, waves).filter(({ hasRelease }) => hasRelease !== false);
  if (left.length === 0) return { next: { ...rollout, state: 'undone', reason: null }, verb: 'undone' };
  const silent = left.filter(({ hasRelease }) => hasRelease === null).map(({ name }) => name);
  const reason = silent.length === 0 ? null : `waits for hosts that do not speak: ${silent.slice(0, 5).join(', ')}`;
  return reason === rollout.reason ? null : { next: { ...rollout, reason }, verb: null };
}

/** Whether every host of the waves so far is done or has failed. */
function isThrough(rollout: Rollout, waves: readonly WaveHosts[]): boolean {
  return hostsSoFar(rollout, waves).every(({ progress }) => progress === 'done' || progress === 'failed');
}

function hostsSoFar({ wave }: Rollout, waves: readonly WaveHosts[]): WaveHosts['hosts'] {
  return waves.filter(({ index }) => index <= wave).flatMap(({ hosts }) => hosts);
}

function brokenHostsGate(rollout: Rollout, release: SidecarRelease, waves: readonly WaveHosts[]): string | null {
  const hosts = hostsSoFar(rollout, waves);
  const failed = hosts.filter(({ progress }) => progress === 'failed');
  for (const { type, maxFailed } of release.spec.gates) {
    if (type !== 'hosts' || maxFailed === undefined) continue;
    const limit = typeof maxFailed === 'number' ? maxFailed : (hosts.length * Number.parseInt(maxFailed, 10)) / 100;
    if (failed.length <= limit) continue;
    const named = failed
      .slice(0, 5)
      .map(({ name, error }) => `${name}: ${error}`)
      .join('; ');
    const rest = failed.length > 5 ? ` and ${failed.length - 5} more` : '';
    return `gate hosts: ${failed.length} of ${hosts.length} failed, ${maxFailed} may: ${named}${rest}`;
  }
  return null;
}

function missing(rollout: Rollout, waves: readonly WaveHosts[]): string {
  const late = hostsSoFar(rollout, waves).filter(({ progress }) => progress === 'pending' || progress === 'silent');
  const named = late
    .slice(0, 5)
    .map(({ name, progress, error }) => `${name} (${error ?? progress})`)
    .join(', ');
  return `wave ${rollout.wave} is not through: ${named}${late.length > 5 ? ` and ${late.length - 5} more` : ''}`;
}

type Verdict =
  | { readonly kind: 'good' }
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'waits'; readonly reason: string | null; readonly heldSince: number | null };

/** No answer waits; a value outside its limits breaks the gate; a good one has to hold for its time. */
function prometheusVerdict(
  rollout: Rollout,
  answers: ReadonlyMap<ReleaseGate, GateAnswer>,
  nowMs: number,
  heldMs: number,
): Verdict {
  let longest = 0;
  for (const [gate, { value, why }] of answers) {
    if (value === null) {
      return { kind: 'waits', reason: `gate ${gate.query}: no answer (${why ?? 'no value'})`, heldSince: null };
    }
    if (gate.max !== undefined && value > gate.max)
      return { kind: 'broken', reason: `gate ${gate.query}: ${value} is more than ${gate.max}` };
    if (gate.min !== undefined && value < gate.min)
      return { kind: 'broken', reason: `gate ${gate.query}: ${value} is less than ${gate.min}` };
    longest = Math.max(longest, gate.for ?? 0);
  }
  if (longest === 0) return { kind: 'good' };
  const heldSince = rollout.heldSince == null ? nowMs : Date.parse(rollout.heldSince);
  return rollout.heldSince != null && heldMs >= longest ? { kind: 'good' } : { kind: 'waits', reason: null, heldSince };
}

function stopped(rollout: Rollout, reason: string): RolloutStep {
  return { next: { ...rollout, state: 'stopped', reason, heldSince: null }, verb: 'stopped' };
}

function nextWave(rollout: Rollout, release: SidecarRelease, nowMs: number, waves: readonly WaveHosts[]): RolloutStep {
  if (rollout.wave >= release.spec.waves.length) {
    return { next: { ...rollout, state: 'done', reason: null, heldSince: null, skipGates: null }, verb: 'done' };
  }
  const since = new Date(nowMs).toISOString();
  const moved = { ...rollout, wave: rollout.wave + 1, reason: null, since, heldSince: null, skipGates: null };
  return { next: { ...moved, allowed: allowedHosts(moved, release, waves) }, verb: 'wave' };
}

/** With a budget, hosts are let in as others are through. */
function allowMore(rollout: Rollout, release: SidecarRelease, waves: readonly WaveHosts[]): RolloutStep | null {
  const allowed = allowedHosts(rollout, release, waves);
  const isSame = JSON.stringify(allowed) === JSON.stringify(rollout.allowed ?? null);
  return isSame ? null : { next: { ...rollout, allowed }, verb: null };
}

/** The hosts that may move: those that are through, and as many others as the budget has room for. Null: no budget. */
export function allowedHosts(rollout: Rollout, release: SidecarRelease, waves: readonly WaveHosts[]): string[] | null {
  const { budget } = release.spec;
  if (budget === undefined) return null;
  const hosts = hostsSoFar(rollout, waves);
  const before = new Set(rollout.allowed ?? []);
  const moving = hosts.filter(({ name, progress }) => before.has(name) && progress !== 'done' && progress !== 'failed');
  const through = hosts.filter(
    ({ name, progress }) => before.has(name) && (progress === 'done' || progress === 'failed'),
  );
  const waiting = hosts.filter(({ name, progress }) => !before.has(name) && progress !== 'silent');
  const room = Math.max(0, budget.maxUnavailable - moving.length);
  return [...through, ...moving, ...waiting.slice(0, room)].map(({ name }) => name).sort();
}
