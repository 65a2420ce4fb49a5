/** The last good state on disk: what an agent serves that starts without its registries. */
import * as z from 'zod/mini';
import { type RecordKind, recordDocument } from '../../platform/record.ts';
import { FolderMarks } from '../registry/zookeeper/folder-marks.ts';
import type { Endpoint } from '../world/endpoints.ts';

/** What was published when a snapshot was made. */
export interface DiscoverySnapshot {
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly apps: ReadonlyMap<string, readonly Endpoint[]>;
  /** By interface, the applications that offered it. */
  readonly interfaces: ReadonlyMap<string, readonly string[]>;
  /** By interface, the applications that offered it at some time since `mappingsSince`, and are still registered. */
  readonly offered: ReadonlyMap<string, readonly string[]>;
  /** Since when the mappings of `offered` are remembered, over restarts, in milliseconds since 1970; null: of none so far. */
  readonly mappingsSince: number | null;
  /** By sidecar with `auto`, the applications that were seen to be called. */
  readonly learned: ReadonlyMap<string, readonly string[]>;
  /** By the servers of a ZooKeeper, how new its state was: by it, one that was set back meanwhile is known. */
  readonly marks?: ReadonlyMap<string, FolderMarks>;
}

const layout = z.enum(['application', 'interface']);
const endpoint = z.object({
  address: z.string(),
  port: z.number(),
  protocol: z.string(),
  /** The place in `labels` of the application. */
  labels: z.number(),
  timestamp: z.exactOptional(z.string()),
  unit: z.nullable(z.string()),
  weight: z.number(),
  layouts: z.array(layout),
  /** The place in `services` of the application; null where they are not known. */
  services: z.nullable(z.number()),
  straight: z.nullable(z.string()),
  registries: z.array(z.string()),
});

const schema = z.object({
  savedAt: z.number(),
  // Most instances of an application offer the same under the same labels: each set of them is written once.
  apps: z.record(
    z.string(),
    z.object({
      services: z.array(z.array(z.string())),
      labels: z.array(z.record(z.string(), z.string())),
      endpoints: z.array(endpoint),
    }),
  ),
  interfaces: z.record(z.string(), z.array(z.string())),
  offered: z._default(z.record(z.string(), z.array(z.string())), {}),
  mappingsSince: z._default(z.nullable(z.number()), null),
  learned: z._default(z.record(z.string(), z.array(z.string())), {}),
  /** By servers, then by folder: the transaction that created it, and how often names below it came or went. */
  marks: z._default(
    z.record(z.string(), z.record(z.string(), z.tuple([z.string().check(z.regex(/^-?\d{1,20}$/)), z.number()]))),
    {},
  ),
});

/** The document of a snapshot. */
export type SnapshotDocument = z.output<typeof schema>;

/** The kind of the document. */
export const SNAPSHOT: RecordKind<SnapshotDocument> = { name: 'snapshot of endpoints', version: 1, schema };

const texts = new WeakMap<readonly Endpoint[], Buffer>();

/**
 * The text of a snapshot's document, in parts. That of an application is kept as long as its list is the same object: a
 * change of one application costs that one. Parts are bytes outside of the heap: a whole text would be garbage of megabytes
 * after every change.
 */
export function snapshotText({ savedAt, mappingsSince, apps, marks, ...more }: DiscoverySnapshot): readonly Buffer[] {
  const [interfaces, offered, learned] = [written(more.interfaces), written(more.offered), written(more.learned)];
  const lists = { interfaces, offered, learned };
  const document = recordDocument(SNAPSHOT, { savedAt, mappingsSince, apps: {}, marks: {}, ...lists });
  const { apps: _, marks: __, ...rest } = document;
  const ages = [...(marks ?? [])].map(([servers, { text }]) => `${JSON.stringify(servers)}:${text}`);
  const parts: Buffer[] = [Buffer.from(`${JSON.stringify(rest).slice(0, -1)},"marks":{${ages.join()}},"apps":{`)];
  for (const [app, endpoints] of apps)
    parts.push(Buffer.from(`${parts.length === 1 ? '' : ','}${JSON.stringify(app)}:`), appText(endpoints));
  return [...parts, Buffer.from('}}\n')];
}

/** A registry that was made anew while no agent ran is believed after this time, in milliseconds: its clients have registered. */
const MARKS_COUNT_MS = 600_000;

/** By servers, how new the state of a ZooKeeper was when an earlier agent ended; nothing where that is long ago. */
export function marksOf(snapshot: DiscoverySnapshot | null, nowMs: number): Map<string, FolderMarks> {
  const isRecent = snapshot !== null && Math.abs(nowMs - snapshot.savedAt) <= MARKS_COUNT_MS;
  return new Map(isRecent ? snapshot.marks : []);
}

function written(interfaces: DiscoverySnapshot['interfaces']): SnapshotDocument['interfaces'] {
  return Object.fromEntries([...interfaces].map(([name, apps]) => [name, [...apps]]));
}

function appText(endpoints: readonly Endpoint[]): Buffer {
  const known = texts.get(endpoints);
  if (known !== undefined) return known;
  const text = exactBytes(JSON.stringify(appDocument(endpoints)));
  texts.set(endpoints, text);
  return text;
}

/** Not out of Node's pool, of which a kept text would keep the rest. */
function exactBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** The snapshot of a document. */
export function snapshotOf({ savedAt, mappingsSince, apps, marks, ...more }: SnapshotDocument): DiscoverySnapshot {
  const read = Object.entries(apps).map(([app, { services, labels, endpoints }]) => {
    const sets = services.map((list) => new Set(list));
    const list = endpoints.map(
      (one): Endpoint => ({
        ...{ ...one, app, services: sets[one.services ?? -1] ?? null, labels: labels[one.labels] ?? {} },
      }),
    );
    return [app, list] as const;
  });
  const [interfaces, offered, learned] = [more.interfaces, more.offered, more.learned].map(
    (lists) => new Map(Object.entries(lists)),
  ) as [Map<string, string[]>, Map<string, string[]>, Map<string, string[]>];
  const ages = Object.entries(marks).map(([servers, folders]) => {
    const known = Object.entries(folders).map(
      ([path, [created, changes]]) => [path, { created: BigInt(created), changes }] as const,
    );
    return [servers, new FolderMarks(known)] as const;
  });
  return { savedAt, mappingsSince, apps: new Map(read), interfaces, offered, learned, marks: new Map(ages) };
}

function appDocument(endpoints: readonly Endpoint[]): SnapshotDocument['apps'][string] {
  const services = new Places((set: ReadonlySet<string>) => [...set].toSorted());
  const labels = new Places((all: Readonly<Record<string, string>>) => ({ ...all }));
  const list = endpoints.map(({ app: _, disabled: __, ...one }) => ({
    ...one,
    layouts: [...one.layouts],
    registries: [...one.registries],
    labels: labels.of(one.labels),
    services: one.services === null ? null : services.of(one.services),
  }));
  return { services: services.all, labels: labels.all, endpoints: list };
}

/** Values by their places in a list; equal ones have one place. */
class Places<Value extends object, Written> {
  readonly all: Written[] = [];
  readonly #write: (value: Value) => Written;
  readonly #byObject = new Map<Value, number>();
  readonly #byText = new Map<string, number>();

  constructor(write: (value: Value) => Written) {
    this.#write = write;
  }

  of(value: Value): number {
    const known = this.#byObject.get(value);
    if (known !== undefined) return known;
    const written = this.#write(value);
    const text = JSON.stringify(written);
    const place = this.#byText.get(text) ?? this.all.push(written) - 1;
    this.#byText.set(text, place);
    this.#byObject.set(value, place);
    return place;
  }
}
