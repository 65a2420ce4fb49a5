/** The name of a host in its region: a second machine that is given the same one must not write over the first. */
import { type HostDaemonIdentity, type HostStatus, hostStatusSchema, readFleetRecord } from '../model/records.ts';
import type { StoredItem } from '../ports.ts';
import type { HostPorts } from './ports.ts';

/** A daemon that has the name, as far as its status says it; null: it says nothing. */
type Holder = HostDaemonIdentity | null;

/**
 * Whose the name is. `unsure`: a status of another daemon stands there, and it is not known yet whether that one lives; a
 * machine that was made anew waits so for the lease of its predecessor. `contested`: it has written since it was first seen.
 */
export type NameState =
  | { readonly kind: 'ours'; readonly revision: string | null }
  | { readonly kind: 'unsure' }
  | { readonly kind: 'contested'; readonly holder: Holder };

/** Finds out, for one daemon, whether it has its name. */
export class NameKeeper {
  readonly #ports: Pick<HostPorts, 'store' | 'keys' | 'name' | 'tell' | 'warn'>;
  #state: NameState = { kind: 'ours', revision: null };
  /** The revision of another daemon's status when it was first seen. */
  #strange: string | null = null;
  /** A daemon of this machine may have had the name before this one; once it was ours, nobody else of this machine has it. */
  #isFresh = true;
  /** Whether people were told of another daemon. */
  #isContested = false;

  constructor(ports: Pick<HostPorts, 'store' | 'keys' | 'name' | 'tell' | 'warn'>) {
    this.#ports = ports;
  }

  get state(): NameState {
    return this.#state;
  }

  /** The status was written under the name, at this revision. */
  wrote(revision: string): void {
    const { name, tell } = this.#ports;
    if (this.#isContested) tell(`this host has its name ${name} now`);
    this.#state = { kind: 'ours', revision };
    this.#isContested = false;
    this.#isFresh = false;
  }

  /** Looks at the status under the name: after a write that was refused, and while another daemon has it. */
  async look(self: HostDaemonIdentity): Promise<NameState> {
    const { store, keys, name } = this.#ports;
    const item = await store.find(`${keys.hostStatuses}${name}`);
    const holder = item === null ? null : holderOf(item);
    if (item === null || (holder !== null && this.#isSelf(holder, self))) {
      this.#strange = null;
      return this.#be({ kind: 'ours', revision: item?.revision ?? null });
    }
    // One that stands there may be left over from a machine that is gone, or from a backup of the store.
    const isAlive = this.#strange !== null && this.#strange !== item.revision;
    this.#strange ??= item.revision;
    if (!isAlive && this.#state.kind !== 'contested') return this.#be({ kind: 'unsure' });
    if (!this.#isContested) this.#complain(holder);
    this.#isContested = true;
    return this.#be({ kind: 'contested', holder });
  }

  #isSelf(holder: HostDaemonIdentity, self: HostDaemonIdentity): boolean {
    if (holder.session === self.session) return true;
    // A copy of a machine has its files, and not its boot.
    const isSameBoot = holder.boot !== null && holder.boot === self.boot;
    return this.#isFresh && isSameBoot && holder.instance === self.instance;
  }

  #be(state: NameState): NameState {
    this.#state = state;
    return state;
  }

  #complain(holder: Holder): void {
    const { name, warn } = this.#ports;
    warn(
      `${whoHas(holder)} is ${name} too: this one follows the fleet and reports under another name; give one of them another host.name in fleet.yaml`,
    );
  }
}

/** The key under which a daemon says how its host is while another one has its name. */
export function contestedName(name: string, { session }: HostDaemonIdentity): string {
  return `${name}.conflict-${session.slice(0, 8)}`;
}

/** Another daemon, for people. */
export function whoHas(holder: Holder): string {
  if (holder === null) return 'another machine';
  return `${holder.machine}${holder.boot === null ? '' : ` (boot ${holder.boot.slice(0, 8)})`}`;
}

function holderOf({ value }: StoredItem): Holder {
  const reading = readFleetRecord<HostStatus>(hostStatusSchema, value);
  return reading.state === 'read' ? (reading.value.status.daemon ?? null) : null;
}
