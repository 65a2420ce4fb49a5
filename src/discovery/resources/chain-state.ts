/** What one chain of the listener reads, kept up to date: the shapes of applications and the clusters of their services. */
import { type EncodedList, joinLists } from '../xds/encode-message.ts';
import type { AppShape, ClusterMember } from './app-shape.ts';
import type { ChainName } from './chains.ts';
import type { PortRanges } from './outbound-listener.ts';
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
    const isFirst = !this.#isUsed && shape.ranges.size > 0;
    this.#isUsed ||= isFirst;
    if (isFirst || before === undefined || profilesText(before) !== profilesText(shape)) this.isStale = true;
    return before === undefined || !hasSameRanges(before, shape);
  }

  /** The members of a cluster as they are now, by the shapes: the partition keeps those of its own time. */
  membersOf(name: string): readonly ClusterMember[] {
    const profiles = this.partition.clusters.get(name)?.profiles ?? [];
    return membersOf(
      profiles.map((profile) => this.shapes.get(profile.app)?.profiles.find(({ id }) => id === profile.id) ?? profile),
    );
  }

  /** The addresses to read, by port; each application's are merged into ranges by themselves. */
  ranges(): readonly PortRanges[] {
    const byPort = new Map<number, Map<string, EncodedList>>();
    for (const { ranges } of this.shapes.values()) {
      for (const [port, list] of ranges) {
        const lists = byPort.get(port) ?? new Map<string, EncodedList>();
        // An address of two applications is in one list only, where both have the same.
        byPort.set(port, lists.set(list.key, list));
      }
    }
    return [...byPort].toSorted(([a], [b]) => a - b).map(([port, lists]) => [port, joinLists([...lists.values()])]);
  }
}

function hasSameRanges(a: AppShape, b: AppShape): boolean {
  if (a.ranges.size !== b.ranges.size) return false;
  return [...a.ranges].every(([port, { bytes }]) => b.ranges.get(port)?.bytes.equals(bytes) === true);
}
