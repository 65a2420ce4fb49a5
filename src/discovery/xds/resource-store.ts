/** The resources of one sidecar, each with a version that its content gives. */
import { createHash } from 'node:crypto';
import type { SentResource } from './delta-messages.ts';
import { TYPE_ORDER, type TypeUrl } from './resource-types.ts';

/** A resource as it is published. */
interface Kept {
  readonly resource: SentResource;
  /** Whether an Envoy has taken it. */
  isAccepted: boolean;
  /** The last one before it that an Envoy has taken; null when there is none. */
  readonly accepted: SentResource | null;
}

/** What is published now. The same content has the same version, in whichever agent and however often it is built. */
export class ResourceStore {
  readonly #types: ReadonlyMap<TypeUrl, Map<string, Kept>> = new Map(TYPE_ORDER.map((type) => [type, new Map()]));

  /** Publishes content under a name; whether it differs from what was there. */
  set(type: TypeUrl, name: string, bytes: Buffer): boolean {
    const kept = this.#of(type).get(name);
    const version = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    if (kept?.resource.version === version) return false;
    const accepted = kept === undefined ? null : kept.isAccepted ? kept.resource : kept.accepted;
    this.#of(type).set(name, { resource: { name, version, bytes }, isAccepted: false, accepted });
    return true;
  }

  /** Takes a resource away; whether it was there. */
  delete(type: TypeUrl, name: string): boolean {
    return this.#of(type).delete(name);
  }

  get(type: TypeUrl, name: string): SentResource | null {
    return this.#of(type).get(name)?.resource ?? null;
  }

  /** What was published before under this name and taken by an Envoy; null when nothing was. */
  lastAccepted(type: TypeUrl, name: string): SentResource | null {
    return this.#of(type).get(name)?.accepted ?? null;
  }

  /** Notes that an Envoy has taken a version. */
  accept(type: TypeUrl, name: string, version: string): void {
    const kept = this.#of(type).get(name);
    if (kept?.resource.version === version) kept.isAccepted = true;
  }

  /** How many resources are published. */
  get size(): number {
    return [...this.#types.values()].reduce((sum, kept) => sum + kept.size, 0);
  }

  /** The same for the same resources, in whichever process and order they were built: 16 hexadecimal digits. */
  get hash(): string {
    const lines = [...this.#types].flatMap(([type, kept]) =>
      [...kept].map(([name, { resource }]) => `${type} ${name} ${resource.version}`),
    );
    return createHash('sha256').update(lines.toSorted().join('\n')).digest('hex').slice(0, 16);
  }

  names(type: TypeUrl): IterableIterator<string> {
    return this.#of(type).keys();
  }

  #of(type: TypeUrl): Map<string, Kept> {
    return this.#types.get(type) ?? new Map();
  }
}
