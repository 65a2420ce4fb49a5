/** The entry of mesh.yaml by which each Envoy runs. A refused or failed upgrade leaves the settled one in force. */
import type { SidecarState } from '../machine/sidecar-state.ts';
import type { SidecarSpec } from '../ports.ts';

/** The specs of the running processes; each belongs to a process for as long as it runs. */
export class GenerationSpecs {
  readonly #of = new Map<number, SidecarSpec>();
  #settled: SidecarSpec;

  /** `settled`: the spec in force until some process serves. */
  constructor(settled: SidecarSpec) {
    this.#settled = settled;
  }

  /** The spec of the process that served when nothing was under way. */
  get settled(): SidecarSpec {
    return this.#settled;
  }

  /** The spec of a process; the settled one for a process that was started before specs were recorded. */
  of(id: number): SidecarSpec {
    return this.#of.get(id) ?? this.#settled;
  }

  /** Adopts a process that served before this supervisor started, with this spec. */
  adopt(spec: SidecarSpec): void {
    this.#settled = spec;
  }

  /** Records a process that was started or found with this spec. */
  started(id: number, spec: SidecarSpec): void {
    this.#of.set(id, spec);
  }

  /** Makes the spec of this process the sidecar's own: it serves, and nothing is under way. */
  settle(id: number): void {
    this.#settled = this.of(id);
    this.#of.clear();
    this.#of.set(id, this.#settled);
  }
}

/**
 * The spec for a process that is started in this state. `asked` is that of the upgrade under way. The rollback to the
 * former pair, and every cold start without an upgrade, take the settled one.
 */
export function specToStartWith(
  state: SidecarState,
  specs: Pick<GenerationSpecs, 'of' | 'settled'>,
  asked: SidecarSpec | null,
): SidecarSpec {
  switch (state.name) {
    case 'spawned':
      return state.upgrade.returning === null ? (asked ?? specs.settled) : specs.settled;
    case 'recovering':
      return specs.of(state.serving.id);
    case 'starting':
      return state.upgrade === null ? specs.settled : (asked ?? specs.settled);
    default:
      return specs.settled;
  }
}
