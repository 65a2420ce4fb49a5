/** What one chain of the listener reads, kept up to date: the shapes of applications and the clusters of their services. */
import { AddressSet } from './address-set.ts';
import type { AppShape, ClusterMember } from './app-shape.ts';
import type { ChainName } from './chains.ts';
import type { ReadPorts } from './outbound-listener.ts';
import { type Partition, profilesText } from './partition.ts';
import { membersOf } from './plan-clusters.ts';

/** The state of one chain. */
export class ChainState {
  readonly name: ChainName;
  readonly shapes = new Map<string, AppShape>();
  partition: Partition = { clusters: new Map(), services: new Map() };
  /** Whether `partition` has to be made anew. */
  isStale = true;
  #isUsed = false;
  /** By port, the addresses to read; an address of two applications is there twice. */
  readonly #ports = new Map<number, AddressSet>();

  constructor(name: ChainName) {
    this.name = name;
  }

  /** Whether an address was ever read: a chain that goes closes its connections, so one that was used stays. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Takes the shape of an application; whether the addresses to read differ by it. */
  take(shape: AppShape): boolean {
    const before = this.shapes.get(shape.app);
    this.shapes.set(shape.app, shape);
    const isFirst = !this.#isUsed && shape.ports.size > 0;
    this.#isUsed ||= isFirst;
    if (isFirst || before === undefined || profilesText(before) !== profilesText(shape)) this.isStale = true;
    return this.#move(before, shape);
  }

  /** The members of a cluster as they are now, by the shapes: the partition keeps those of its own time. */
  membersOf(name: string): readonly ClusterMember[] {
    const profiles = this.partition.clusters.get(name)?.profiles ?? [];
    return membersOf(
      profiles.map((profile) => this.shapes.get(profile.app)?.profiles.find(({ id }) => id === profile.id) ?? profile),
    );
  }

  /** The addresses to read, by port. */
  get ports(): ReadPorts {
    return new Map([...this.#ports].toSorted(([a], [b]) => a - b));
  }

  /** Brings the addresses in line with a shape that changed; whether any differs. */
  #move(before: AppShape | undefined, after: AppShape): boolean {
    let isChanged = before === undefined;
    for (const [port, addresses] of after.ports) {
      const set = this.#ports.get(port) ?? new AddressSet();
      this.#ports.set(port, set);
      for (const address of addresses) {
        if (before?.ports.get(port)?.has(address) === true) continue;
        set.add(address);
        isChanged = true;
      }
    }
    for (const [port, addresses] of before?.ports ?? []) {
      const set = this.#ports.get(port);
      for (const address of addresses) {
        if (after.ports.get(port)?.has(address) === true) continue;
        set?.delete(address);
        isChanged = true;
      }
      if (set?.isEmpty === true) this.#ports.delete(port);
    }
    return isChanged;
  }
}
