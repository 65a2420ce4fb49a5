/** The hot upgrade and the rollback of a running sidecar, asked of its supervisor and followed to the end. */
import type { SidecarCheck } from '../../mesh/mesh-config.ts';
import type { UpgradeRisk } from '../machine/sidecar-state.ts';
import type { UpgradeProgressEvent, UpgradeReport } from '../machine/upgrade-report.ts';
import type { ControlRequest } from '../records/control-protocol.ts';
import { followUpgrade } from './follow-upgrade.ts';
import type { SidecarPorts } from './ports.ts';
import { requireKnown } from './require-known.ts';
import { readSidecarSpec } from './sidecar-spec.ts';
import { requireGoodEnd } from './upgrade-verdict.ts';

/** States in which the new Envoy serves already: where an upgrade that is not waited for returns. */
const SERVING = new Set(['NOTIFY', 'DRAINING', 'ENDING', 'BAKING', 'IDLE', 'SETTLED']);

/** How long a supervisor that went away may take to come back, in ms. */
const PATIENCE_MS = 90_000;

/** The flags of `weir sidecar upgrade`. Null: as mesh.yaml says. */
export interface UpgradeFlags {
  readonly binary: string | null;
  readonly bootstrap: string | null;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly drainMs: number | null;
  readonly initTimeoutMs: number;
  /** False: return as soon as the new Envoy serves. */
  readonly wait: boolean;
  readonly accept: readonly UpgradeRisk[];
  readonly check: SidecarCheck | null;
  readonly bakeMs: number | null;
  readonly bakeBytes: number | null;
  readonly spreadMs: number | null;
  /** Why, in the operator's words; for the history. */
  readonly note: string | null;
}

/** Hears of an upgrade: how far it is, and at its end, however it ended, the warnings of its report. */
export interface ProgressListener {
  progress(event: UpgradeProgressEvent): void;
  warn(text: string): void;
  /** Ends the following, and not the upgrade. */
  readonly signal?: AbortSignal;
}

/**
 * Upgrades a sidecar. Null: not waited for, and the new Envoy serves.
 * Throws WEIR4003 for a file, WEIR4002 and WEIR4009 for the supervisor, WEIR4004 to WEIR4008 for another end.
 */
export async function upgradeSidecar(
  ports: SidecarPorts,
  name: string,
  { wait, binary, bootstrap, ...rest }: UpgradeFlags,
  hear: ProgressListener,
): Promise<UpgradeReport | null> {
  const files = {
    binary: binary === null ? null : await ports.requireFile('binary', binary),
    bootstrap: bootstrap === null ? null : await ports.requireFile('bootstrap', bootstrap),
  };
  return follow(ports, name, { ...files, ...rest, rollback: false, now: false }, hear, wait);
}

/** The hot upgrade back to the pair that served before the last one, with the same checks and the same errors. */
export async function rollBackSidecar(
  ports: SidecarPorts,
  name: string,
  { now, note }: { readonly now: boolean; readonly note: string | null },
  hear: ProgressListener,
): Promise<UpgradeReport> {
  const files = { binary: null, bootstrap: null, dryRun: false, force: false, drainMs: null, initTimeoutMs: 60_000 };
  const report = await follow(
    ports,
    name,
    { ...files, rollback: true, accept: [], check: null, bakeMs: null, bakeBytes: null, spreadMs: null, now, note },
    hear,
    true,
  );
  if (report === null) throw new TypeError('a rollback is waited for and has a report');
  return report;
}

async function follow(
  ports: SidecarPorts,
  name: string,
  request: Omit<ControlRequest<'upgrade'>, 'command'>,
  hear: ProgressListener,
  wait: boolean,
): Promise<UpgradeReport | null> {
  if (request.rollback) await requireKnown(ports, name);
  else await readSidecarSpec(ports.mesh, name);
  const onProgress = (event: UpgradeProgressEvent) => {
    hear.progress(event);
    return !wait && SERVING.has(event.state) ? ('enough' as const) : ('go-on' as const);
  };
  const asked = { command: 'upgrade', actor: ports.actor(), ...request } as const;
  const report = await followUpgrade(ports, name, asked, onProgress, PATIENCE_MS, hear.signal);
  for (const warning of report?.warnings ?? []) hear.warn(warning);
  if (report !== null) requireGoodEnd(name, report);
  return report;
}
