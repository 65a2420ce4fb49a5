/** The documents of a sidecar: on disk, and between the processes of its supervisor. */
import * as z from 'zod/mini';
import type { RecordKind } from '../../platform/record.ts';
import type { UpgradeReport } from '../machine/upgrade-report.ts';
import type { LaunchRecord, SidecarJournalEntry, SidecarSpec, StoredPair } from '../ports.ts';
import type { SupervisedSidecar } from '../usecases/supervised-sidecar.ts';
import { GENERATION, SIDECAR_CHECK, STATE_NAME, UPGRADE_IN_PROGRESS, UPGRADE_REPORT } from './upgrade-schemas.ts';

const id = z.int().check(z.nonnegative());
const port = z.int().check(z.minimum(1), z.maximum(65_535));

const target = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('http'), url: z.string() }),
  z.object({ kind: z.literal('exec'), argv: z.tuple([z.string()], z.string()) }),
  z.object({ kind: z.literal('dubbo-qos'), port }),
]);

/** The entry of mesh.yaml by which a sidecar runs. */
export const SIDECAR_SPEC = z.object({
  name: z.string(),
  uid: z.nullable(id),
  gid: z.nullable(id),
  admin: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('unix'), path: z.string() }),
    z.object({ kind: z.literal('http'), host: z.string(), port }),
  ]),
  readyPath: z.string(),
  binary: z.string(),
  bootstrap: z.string(),
  concurrency: id,
  drainMs: z.number(),
  // Not in records of a weir that did not know them.
  ports: z._default(z.array(port), []),
  args: z._default(z.array(z.string()), []),
  env: z._default(z.record(z.string(), z.string()), {}),
  capabilities: z._default(z.array(z.string()), []),
  sha256: z._default(z.nullable(z.string()), null),
  check: z._default(z.nullable(SIDECAR_CHECK), null),
  bakeMs: z._default(z.number(), 0),
  bakeBytes: z._default(z.nullable(z.number()), null),
  spreadMs: z._default(z.number(), 0),
  notify: z.nullable(z.object({ consumer: z.nullable(target), provider: z.nullable(target) })),
}) satisfies z.ZodMiniType<SidecarSpec>;

const launch = {
  generation: GENERATION,
  concurrency: id,
  drainMs: z.number(),
  // Not in records of a weir that asked mesh.yaml instead.
  spec: z._default(z.nullable(SIDECAR_SPEC), null),
};

/** A process as a supervisor knows it, and as one container tells another. */
export const LAUNCH_RECORD = z.object({ ...launch, pid: id }) satisfies z.ZodMiniType<LaunchRecord>;

/** `gN.launch`: by what a process was started. `logOffset`: the size of the log before it. */
export const LAUNCH_FILE: RecordKind<Omit<LaunchRecord, 'pid'> & { readonly logOffset: number }> = {
  name: 'launch record',
  version: 1,
  schema: z.object({ ...launch, logOffset: id }),
};

/** The marks by which an untouched stored binary is recognised. */
const FILE_MARK = z.object({ ino: z.number(), size: z.number(), ctimeMs: z.number() });

/** `versions/ID/pair.json`. The paths follow from the folder. */
export const PAIR_FILE: RecordKind<
  Omit<StoredPair, 'binary' | 'bootstrap'> & {
    readonly bootstrapName: string;
    readonly mark?: z.infer<typeof FILE_MARK> | null;
  }
> = {
  name: 'record of a stored pair',
  version: 1,
  schema: z.object({
    id: z.string(),
    binarySha256: z.string(),
    bootstrapSha256: z.string(),
    version: z.nullable(z.string()),
    hotRestartVersion: z.nullable(z.string()),
    mark: z.exactOptional(z.nullable(FILE_MARK)),
    bootstrapName: z.string().check(z.regex(/^[^/]+$/)),
  }),
};

/** `settled.json`: the end of a container's start. `atMs` by the wall clock; `by` is the supervisor that wrote it. */
export const SETTLED_FILE: RecordKind<{
  readonly upgrade: UpgradeReport | null;
  readonly problem: string | null;
  readonly atMs: number;
  readonly by: { readonly pid: number; readonly startTicks: string };
}> = {
  name: 'note of a settled start',
  version: 1,
  schema: z.object({
    upgrade: z.nullable(UPGRADE_REPORT),
    problem: z.nullable(z.string()),
    atMs: z.number(),
    by: z.object({ pid: id, startTicks: z.string() }),
  }),
};

const at = z.string();

/** One line of a sidecar's journal. */
export const JOURNAL_ENTRY: RecordKind<SidecarJournalEntry> = {
  name: 'journal entry',
  version: 1,
  schema: z.discriminatedUnion('kind', [
    z.object({
      at,
      kind: z.literal('state'),
      state: STATE_NAME,
      upgrade: z.nullable(UPGRADE_IN_PROGRESS),
      drainEndMonotonicMs: z.exactOptional(z.nullable(z.number())),
      drainEndMs: z.exactOptional(z.nullable(z.number())),
      epoch: z.nullable(id),
    }),
    z.object({ at, kind: z.literal('report'), report: UPGRADE_REPORT }),
    z.object({
      at,
      kind: z.literal('crash'),
      id: z.exactOptional(z.nullable(id)),
      pair: z.string(),
      version: z.nullable(z.string()),
      detail: z.string(),
      crashes: id,
      retryMs: z.number(),
    }),
    z.object({ at, kind: z.literal('end'), id, detail: z.string() }),
    z.object({ at, kind: z.literal('bypass'), on: z.boolean(), reason: z.string() }),
    z.object({ at, kind: z.literal('supervisor'), pid: id, found: z.array(id) }),
  ]),
};

/** One sidecar of mesh.yaml, with the names of its applications. */
export const SUPERVISED_SIDECAR = z.object({
  spec: SIDECAR_SPEC,
  apps: z.array(z.string()),
}) satisfies z.ZodMiniType<SupervisedSidecar>;

const failedReading = z.object({ error: z.record(z.string(), z.unknown()) });

/** The output of the program that reads mesh.yaml for a supervisor: the sidecar, or the error that stopped it. */
export const PRINTED_SPEC: RecordKind<SupervisedSidecar | { readonly error: unknown }> = {
  name: 'reading of mesh.yaml',
  version: 1,
  schema: z.union([SUPERVISED_SIDECAR, failedReading]),
};

/** The same for every sidecar that weir runs. */
export const PRINTED_SPECS: RecordKind<
  { readonly sidecars: readonly SupervisedSidecar[] } | { readonly error: unknown }
> = {
  name: 'reading of all sidecars of mesh.yaml',
  version: 1,
  schema: z.union([z.object({ sidecars: z.array(SUPERVISED_SIDECAR) }), failedReading]),
};
