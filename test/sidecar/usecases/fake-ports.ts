/** Ports of the commands about sidecars, with a mesh.yaml and a supervisor that says what a test lets it say. */
import { askAgent } from '../../../src/platform/agent/ask-agent.ts';
import type { SidecarJournalEntry, SidecarSpec } from '../../../src/sidecar/ports.ts';
import type { FetchedBinary } from '../../../src/sidecar/records/binary-record.ts';
import {
  CONTROL_PROTOCOL,
  type ControlCommand,
  type ControlEvent,
  type ControlRequest,
} from '../../../src/sidecar/records/control-protocol.ts';
import type { BinaryStore, SidecarPorts, StoredBinary } from '../../../src/sidecar/usecases/ports.ts';
import { meshOf } from '../../fakes/fake-host.ts';

const MESH = meshOf(`apiVersion: weir.dev/v1
sidecars:
  main: {user: 1337, outbound: 15001, admin: "unix:/run/weir/main/admin.sock", binary: /usr/bin/envoy, bootstrap: /etc/envoy.yaml}
  foreign: {user: 1338, outbound: 15002, admin: "unix:/run/weir/foreign/admin.sock"}
apps: {}
`);

/** What a supervisor sends before its connection closes; null: nobody listens. */
export type Conversation = readonly Record<string, unknown>[] | null;

/** Fake ports: `talks` answers one request each, in order; the last one answers all others. */
export class FakeSidecarPorts {
  readonly asked: Record<string, unknown>[] = [];
  readonly written: { path: string; content: object; force: boolean }[] = [];
  readonly prepared: SidecarSpec[] = [];
  /** Binaries that are not there. */
  readonly missing = new Set<string>();
  journal: readonly SidecarJournalEntry[] = [];
  /** Entries of the journal that a later weir wrote. */
  newer = 0;
  nowMs = 0;
  published: { readonly sha256: string; readonly in: string } | null = null;
  /** A store of binaries in memory; `found` is what every file holds. */
  found: FetchedBinary | Error = new Error('it is no ELF program');
  readonly stored: StoredBinary[] = [];
  isDamaged = false;
  readonly binaries: BinaryStore = {
    list: async () => this.stored,
    find: async () => {
      if (this.found instanceof Error) throw this.found;
      return this.found;
    },
    isSound: async () => !this.isDamaged,
    fetch: async (binary) => {
      const path = this.binaries.pathOf(binary.sha256);
      this.stored.push({ ...binary, path });
      return { path, removed: [] };
    },
    pathOf: (sha256) => `/var/lib/weir/sidecars/main/binaries/${sha256}/envoy`,
  };
  mesh = MESH;
  readonly #talks: readonly Conversation[];

  /** Names of sidecars that have a control socket. */
  supervised: readonly string[] = [];

  constructor(...talks: readonly Conversation[]) {
    this.#talks = talks;
  }

  async #exchange(line: string, onLine: (line: string) => void, signal: AbortSignal | undefined): Promise<boolean> {
    const { schemaVersion: _, ...request } = JSON.parse(line);
    const talk = this.#talks[Math.min(this.asked.push(request), this.#talks.length) - 1] ?? null;
    for (const message of talk ?? []) if (!signal?.aborted) onLine(JSON.stringify(message));
    return talk !== null;
  }

  readonly ports: SidecarPorts = {
    binariesOf: () => this.binaries,
    envoySource: async (from) => from,
    publishedSha256: async () => this.published,
    mesh: { file: 'mesh.yaml', load: async () => this.mesh, primaryGroup: async () => 2000 },
    supervisorOf: (name) => ({
      socket: `/run/weir/${name}/control.sock`,
      ask: <C extends ControlCommand>(
        request: ControlRequest<C>,
        onEvent?: (event: ControlEvent) => void,
        signal?: AbortSignal,
      ) =>
        askAgent<typeof CONTROL_PROTOCOL, C>(
          CONTROL_PROTOCOL,
          (line, onLine) => this.#exchange(line, onLine, signal),
          request,
          onEvent,
        ),
    }),
    statusOf: async ({ name }) => ({
      ...{
        name,
        state: 'stopped',
        detail: null,
        epoch: null,
        pid: null,
        version: null,
        bootstrapSha256: null,
        managed: true,
      },
      ...{ supervisorPid: null, connections: { active: 0 }, upgrade: null, crash: null, last: null },
    }),
    supervisedStatus: async (name) => (this.supervised.includes(name) ? this.ports.statusOf({ name } as never) : null),
    supervisedNames: async () => this.supervised,
    journalOf: async (name) =>
      name === 'main' ? { entries: this.journal, newer: this.newer } : { entries: [], newer: 0 },
    startNotesOf: () => async () => null,
    actor: () => 'alice',
    requireFile: async (_flag, path) => `/abs/${path}`,
    prepare: async (spec) => void this.prepared.push(spec),
    accessLogOf: (name) => `/run/weir/${name}/access.log`,
    writeBootstrap: async (path, content, binary, { force }) => {
      this.written.push({ path, content, force });
      return binary !== null && !this.missing.has(binary);
    },
    clock: {
      now: () => this.nowMs,
      monotonic: () => this.nowMs,
      sleep: async (ms) => {
        this.nowMs += ms;
      },
    },
  };
}
