/** The types of the remembered state. */
import type { AdminAddress } from '../mesh/mesh-config.ts';
import type { Backend } from './backend.ts';
import type { Deadline, InterceptedApp } from './rules/policy.ts';

/**
 * The state that weir remembers between commands, one file a state directory. The kernel's rules win where they differ.
 */
export interface StoredState {
  readonly version: 1;
  /** The back end that was chosen at the first `on`, until `uninstall`. */
  readonly backend: Backend | null;
  /** The network namespace of this directory: '' for the one weir was started in, else the --netns value. */
  readonly netns: string;
  /** The namespace itself, whatever its name means by now; null in files of a weir that did not note it. */
  readonly namespace: StoredNamespace | null;
  readonly apps: readonly StoredApp[];
  /** Accounts, ports and peers that every application leaves alone, as of the last `on`. */
  readonly guard: StoredGuard;
}

/** A text of the state file that was parsed and not checked, so that it is not parsed again where the file still has it. */
export interface SeenState {
  readonly text: string;
  readonly state: StoredState;
}

/** A network namespace of one boot. */
export interface StoredNamespace {
  /** `device:inode` of its file, as /proc/PID/ns/net shows it. */
  readonly id: string;
  /** The kernel's boot_id: after another boot no rule of this namespace is left. */
  readonly boot: string;
  /** The kernel's own number of it: another namespace may have its id by now. Null or left out where nobody could tell. */
  readonly cookie?: string | null | undefined;
}

/** The part of a policy that is not about one application. */
export interface StoredGuard {
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly sshPorts: readonly number[];
  readonly sshPeers: readonly string[];
  readonly reservedPorts: readonly number[];
}

/** The sidecar of an application as of its last `on`. */
export interface StoredSidecar {
  readonly name: string;
  readonly admin: AdminAddress;
  readonly readyPath: string;
}

/** The deadline of an unconfirmed `on`, as the rules carry it. */
export interface StoredConfirm extends Deadline {
  /** ISO 8601, UTC. */
  readonly by: string;
}

/** One application that weir was told about at least once. */
export interface StoredApp {
  readonly name: string;
  readonly slot: number;
  readonly desired: 'on' | 'off';
  /** The policy as it was switched on, so that off, status and verify need no mesh.yaml. */
  readonly policy: Omit<InterceptedApp, 'deadline'>;
  /** Where to ask whether its sidecar is ready, also when mesh.yaml is broken. */
  readonly sidecar: StoredSidecar;
  readonly onFailure: 'direct' | 'deny';
  /** The lease that mesh.yaml asks for; `policy` has it as well once it is in force, because a supervisor renews it. */
  readonly leaseSeconds: number | null;
  /** ISO 8601, UTC: when `desired` last changed. */
  readonly since: string;
  /** The reason of `desired`: the operator's text, `confirm expired`, `off.sh`. */
  readonly reason: string | null;
  /** Off as the fleet wants it, or free to follow it; left out where somebody on this host decided. */
  readonly origin?: 'fleet' | undefined;
  /** An unconfirmed `on` ends then, by the kernel; null when confirmed. */
  readonly confirm: StoredConfirm | null;
  /** ISO 8601: switched off and draining until then; null when not. */
  readonly drainUntil: string | null;
  /** `on` was begun and not yet proven: a crash in between leaves it so. */
  readonly proven: boolean;
}
