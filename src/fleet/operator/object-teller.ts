/** What the leader of a cluster says of objects: conditions and troubles, each once; and what their removal takes along. */
import { messageOf } from '../../errors/message-of.ts';
import { gatewayName } from '../model/gateway/gateway-documents.ts';
import { sidecarSetName } from '../model/kruise/sidecar-set.ts';
import { type RegionView, releasesOf } from '../model/region-view.ts';
import { StoreFailure } from '../ports.ts';
import type { ClusterLeaderPorts } from './cluster-leader-ports.ts';

/** A finalizer is taken off after this time whatever happens, in ms: nobody waits for ever. */
const FINALIZER_MS = 60_000;
/** That an object is changed by others is said so often, in ms. */
const TAKEN_MS = 60_000;

/** The memory of one leader of what it has said. */
export class ObjectTeller {
  readonly #ports: ClusterLeaderPorts;
  readonly #onTrouble: () => void;
  /** What was said of an object last, so that events are not repeated: of one that was made anew, nothing was. */
  readonly #said = new Map<string, string>();
  readonly #versions = new Map<string, string>();
  readonly #takenAt = new Map<string, number>();

  /** `onTrouble`: something has to be tried again. */
  constructor(ports: ClusterLeaderPorts, onTrouble: () => void) {
    this.#ports = ports;
    this.#onTrouble = onTrouble;
  }

  /** Another leader may have said something else meanwhile. */
  forget(): void {
    this.#said.clear();
    this.#said.set('leader', this.#ports.holder);
  }

  /**
   * Objects that people remove take what was made of them along; an empty store removes nothing. Resolves to the objects
   * that are being removed: nothing may be made of them anew.
   */
  async finalize(view: RegionView): Promise<ReadonlySet<string>> {
    const { cluster } = this.#ports;
    const leaving = new Set<string>();
    for (const plural of ['sidecarreleases', 'gateways'] as const) {
      for (const { name, version, isDeleted, deletedAtMs, hasFinalizer } of await cluster.lives(plural)) {
        const key = `${plural}/${name}`;
        this.#versions.set(key, version);
        if (isDeleted) leaving.add(key);
        const isOurs =
          plural === 'gateways' ||
          releasesOf(view).some((one) => one.metadata.name === name && one.spec.pods !== undefined);
        if (isDeleted ? !hasFinalizer : hasFinalizer || !isOurs) continue;
        await this.apart(key, async () => {
          if (isDeleted) await this.#removeMade(plural, name, deletedAtMs);
          await cluster.setFinalizer(plural, name, !isDeleted);
        });
      }
    }
    return leaving;
  }

  /** Removes what was made of an object. After a minute its failure is said, and no failure. */
  async #removeMade(plural: 'sidecarreleases' | 'gateways', name: string, deletedAtMs: number | null): Promise<void> {
    const { cluster, clock, warn } = this.#ports;
    try {
      if (plural === 'sidecarreleases') return await cluster.removeSidecarSet(sidecarSetName(name));
      for (const kind of ['Deployment', 'Service', 'ConfigMap'] as const)
        await cluster.removeOwn(kind, gatewayName(name));
    } catch (error) {
      if (deletedAtMs !== null && clock.now() - deletedAtMs < FINALIZER_MS) throw error;
      const why = `what was made of it could not be removed (${messageOf(error)}); it is let go all the same`;
      warn(`${plural}/${name}: ${why}`);
    }
  }

  /** Work on one object that the server refuses holds up nothing else: it is said once, and tried again. */
  async apart(key: string, work: () => Promise<void>): Promise<void> {
    const trouble = `trouble of ${key}`;
    try {
      await work();
      this.#said.delete(trouble);
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.fate === 'not-sent') throw error;
      this.#onTrouble();
      const text = messageOf(error);
      if (this.#said.get(trouble) === text) return;
      this.#said.set(trouble, text);
      this.#ports.warn(`${key}: ${text}`);
    }
  }

  /** Writes the condition of an object, and says it where it is trouble. */
  async condition(
    plural: 'sidecarreleases' | 'gateways',
    name: string,
    reason: string,
    message: string,
    status = true,
    isTrouble = !status,
  ): Promise<void> {
    const { cluster, warn } = this.#ports;
    const key = `${plural}/${name}`;
    const text = `${this.#versions.get(key)} ${reason}: ${message}`;
    if (this.#said.get(key) === text) return;
    await this.apart(`the condition of ${key}`, async () => {
      const type = plural === 'gateways' ? 'Ready' : 'Synced';
      await cluster.setCondition(plural, name, { type, status, reason, message });
      this.#said.set(key, text);
    });
    const told = `told of ${key}`;
    if (status || !isTrouble || this.#said.get(told) === text) return;
    this.#said.set(told, text);
    warn(`${key}: ${message}`);
    const kind = plural === 'gateways' ? 'Gateway' : 'SidecarRelease';
    await cluster.event({ kind, name }, { type: 'Warning', reason, message }).catch(() => undefined);
  }

  /** Says whose changes were taken back, and not more often than each minute: others may write again and again. */
  async taken(
    regarding: { readonly kind: 'SidecarRelease' | 'Gateway'; readonly name: string },
    what: string,
    taken: readonly string[],
  ): Promise<void> {
    const { cluster, clock, warn } = this.#ports;
    const now = clock.monotonic();
    if (taken.length === 0 || now - (this.#takenAt.get(what) ?? Number.NEGATIVE_INFINITY) < TAKEN_MS) return;
    this.#takenAt.set(what, now);
    const message = `somebody else has changed ${what}, which is as ${regarding.kind}/${regarding.name} wants it again: ${taken.join('; ')}`;
    warn(message);
    await cluster.event(regarding, { type: 'Warning', reason: 'TakenBack', message }).catch(() => undefined);
  }

  /** Says something once, until it is something else. */
  say(key: string, text: string): void {
    if (this.#said.get(key) === text) return;
    this.#said.set(key, text);
    this.#ports.tell(text);
  }
}
