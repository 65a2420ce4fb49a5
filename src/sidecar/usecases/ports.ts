/** The ports of the sidecar commands: mesh.yaml, supervisors, files of a sidecar. */
import type { AccountId, ResolvedMeshConfig, SidecarConfig } from '../../mesh/mesh-config.ts';
import type { AgentAnswer } from '../../platform/agent/ask-agent.ts';
import type { Clock } from '../../platform/clock.ts';
import type { SidecarStatus, UpgradeReport } from '../machine/upgrade-report.ts';
import type { SidecarJournalReading, SidecarSpec } from '../ports.ts';
import type { FetchedBinary } from '../records/binary-record.ts';
import type { ControlCommand, ControlEvent, ControlRequest, ControlResult } from '../records/control-protocol.ts';

/** mesh.yaml of this command line. */
export interface SidecarMesh {
  /** The file as messages name it. */
  readonly file: string;
  /** Throws WEIR1020 to WEIR1023, exit 2. */
  load(): Promise<ResolvedMeshConfig>;
  /** The primary group of a user id by the passwd database; null when it has no entry. */
  primaryGroup(uid: number): Promise<number | null>;
}

/** The line to the supervisor of one sidecar. */
export interface SupervisorLine {
  /** The control socket, for messages. */
  readonly socket: string;
  /** Asks; see `askAgent` for what it throws. `signal` ends the connection: the answer is `gone` then. */
  ask<C extends ControlCommand>(
    request: ControlRequest<C>,
    onEvent?: (event: ControlEvent) => void,
    signal?: AbortSignal,
  ): Promise<AgentAnswer<ControlResult<C>>>;
}

/** The end of a container's start, as its supervisor noted it: exactly one of both is null, or both are. */
export interface StartNote {
  readonly upgrade: UpgradeReport | null;
  readonly problem: string | null;
}

/** A fetched binary and where it lies. */
export interface StoredBinary extends FetchedBinary {
  readonly path: string;
}

/** The Envoy binaries of a sidecar's versions store. */
export interface BinaryStore {
  /** Newest first. */
  list(): Promise<readonly StoredBinary[]>;
  /** Looks at a file that may be fetched. Rejects with the reason why it may not. */
  find(path: string): Promise<FetchedBinary>;
  /** Whether what is stored under a hash still has it; false also when nothing is. */
  isSound(sha256: string): Promise<boolean>;
  /** Stores it and removes the oldest ones, never that at `keep`. Rejects while another fetch is at work. */
  fetch(
    binary: FetchedBinary,
    keep: string,
  ): Promise<{ readonly path: string; readonly removed: readonly Pick<FetchedBinary, 'sha256' | 'version'>[] }>;
  pathOf(sha256: string): string;
}

/** Everything that the use cases of `weir sidecar` need besides their arguments. */
export interface SidecarPorts {
  readonly mesh: SidecarMesh;
  supervisorOf(name: string): SupervisorLine;
  /** The state of a sidecar: by its supervisor, else by its processes, else by its admin. */
  statusOf(sidecar: SidecarConfig<AccountId>): Promise<SidecarStatus>;
  /** The same by its supervisor alone, without mesh.yaml; null where none answers. */
  supervisedStatus(name: string): Promise<SidecarStatus | null>;
  /** Names of the sidecars in the run directory that have a control socket. */
  supervisedNames(): Promise<readonly string[]>;
  /** The journal of a sidecar, oldest entry first. */
  journalOf(name: string): Promise<SidecarJournalReading>;
  /** Reads the notes of this container's supervisor from now on; null while there is none. */
  startNotesOf(name: string): () => Promise<StartNote | null>;
  /** Who runs this command, for the history. */
  actor(): string;
  /** The absolute path of a file that a flag names. Throws WEIR4003 (exit 2) when it cannot be read. */
  requireFile(flag: string, path: string): Promise<string>;
  /** The fetched binaries of a sidecar. */
  binariesOf(spec: SidecarSpec): BinaryStore;
  /** The binary that `--from` means. Rejects when there is none, or more than one. */
  envoySource(from: string): Promise<string>;
  /** The SHA-256 that was published beside a binary; null when none was. */
  publishedSha256(file: string): Promise<{ readonly sha256: string; readonly in: string } | null>;
  /** Makes the run directory of a sidecar. */
  prepare(spec: SidecarSpec): Promise<void>;
  /** The access log that a bootstrap of weir names. */
  accessLogOf(name: string): string;
  /**
   * Writes a bootstrap that the binary accepts; null: nobody is asked. Whether it was asked: a binary that is not there is
   * not. Throws WEIR4015 when the file exists without `force`, or is refused.
   */
  writeBootstrap(
    path: string,
    content: object,
    binary: string | null,
    options: { readonly accessLog: string; readonly force: boolean },
  ): Promise<boolean>;
  readonly clock: Clock;
}
