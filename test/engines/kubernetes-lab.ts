/** A real API server on a real etcd, with OpenKruise's manager and a kubelet that only says how pods are. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { etcdBinary } from '../../scripts/setup/etcd.ts';
import { KubeClient, type KubeObject, KubeRefusal } from '../../src/fleet/adapters/kubernetes/kube-client.ts';
import { kubeStore } from '../../src/fleet/adapters/kubernetes/kube-store.ts';
import { manifestText } from '../../src/fleet/model/manifest-text.ts';
import { installManifests } from '../../src/fleet/model/operator-manifests.ts';
import type { FleetStore } from '../../src/fleet/ports.ts';
import { freePorts } from '../free-ports.ts';
import { type KubernetesBinaries, kubernetesBinaries } from '../oracle/kubernetes/kubernetes-binaries.ts';

const ADMIN = 'admin-token';

/** One cluster; somebody has to close it. */
export class KubernetesLab {
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-kube-'));
  readonly binaries: KubernetesBinaries;
  readonly client: KubeClient;
  readonly etcdPort: number;
  readonly #ports: readonly number[];
  readonly #processes = new Map<string, ChildProcess>();
  readonly #kubelet = new AbortController();
  /** Images whose containers do not start. */
  readonly broken = new Set<string>();
  /** Images that the kubelet has not got to yet: a container that has one of them runs as before. */
  readonly slow = new Set<string>();

  private constructor(binaries: KubernetesBinaries, ports: readonly number[]) {
    this.binaries = binaries;
    this.#ports = ports;
    [this.etcdPort = 0] = ports;
    this.kubeconfig('admin', ADMIN);
    this.client = this.clientFor('admin');
  }

  static async open(): Promise<KubernetesLab> {
    const lab = new KubernetesLab(kubernetesBinaries(), await freePorts(8));
    try {
      await lab.#start();
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  get server(): string {
    return `https://127.0.0.1:${this.#ports[2]}`;
  }

  /** Writes a kubeconfig for a token; returns its path. */
  kubeconfig(name: string, token: string): string {
    const path = join(this.folder, `${name}.kubeconfig`);
    const cluster = { server: this.server, 'certificate-authority': join(this.folder, 'certs', 'apiserver.crt') };
    writeFileSync(
      path,
      JSON.stringify({
        ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'lab' },
        clusters: [{ name: 'lab', cluster }],
        users: [{ name: name, user: { token } }],
        contexts: [{ name: 'lab', context: { cluster: 'lab', user: name } }],
      }),
    );
    return path;
  }

  clientFor(name: string, namespace = 'weir-system'): KubeClient {
    return new KubeClient(this.#config('west', name, namespace));
  }

  store(region: string, namespace = 'weir-system', name = 'admin'): FleetStore {
    return kubeStore(this.#config(region, name, namespace), (text) => process.emitWarning(text));
  }

  /** A token of a service account. */
  async tokenOf(account: string, namespace = 'weir-system'): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const { value } = await this.client.ask('POST', path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    });
    return value.status.token;
  }

  kubectl(...args: string[]): string {
    return execFileSync('kubectl', ['--kubeconfig', join(this.folder, 'admin.kubeconfig'), ...args], {
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  /** Applies documents as `kubectl apply -f -` does. */
  apply(documents: readonly unknown[]): string {
    const file = join(this.folder, 'apply.yaml');
    writeFileSync(file, manifestText(documents));
    return this.kubectl('apply', '--server-side', '-f', file);
  }

  /** What `weir operator install` prints, applied. */
  async install(options: Partial<Parameters<typeof installManifests>[0]> = {}): Promise<void> {
    const documents = installManifests({
      namespace: 'weir-system',
      region: 'west',
      image: 'weir:1',
      replicas: 1,
      podNamespaces: [],
      ...options,
    });
    const isCrd = (one: { readonly kind?: unknown }) =>
      one.kind === 'CustomResourceDefinition' || one.kind === 'Namespace';
    this.apply(documents.filter(isCrd));
    // `kubectl wait` fails on a kind that has no condition yet.
    await this.until('the kinds of weir are established', () => this.#areEstablished());
    this.apply(documents.filter((one) => !isCrd(one)));
  }

  async #areEstablished(): Promise<boolean> {
    const { value } = await this.client.ask('GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions');
    const established = { type: 'Established', status: 'True' };
    return value.items.every(({ status }: KubeObject) =>
      (status?.conditions ?? []).some((one: object) => isDeepStrictEqual({ ...one, ...established }, one)),
    );
  }

  /** Ends the API server, compacts the store behind it and starts it again. */
  async compact(): Promise<void> {
    await this.#stop('apiserver');
    const etcd = `http://127.0.0.1:${this.etcdPort}`;
    const range = await fetch(`${etcd}/v3/kv/range`, { method: 'POST', body: JSON.stringify({ key: btoa('/') }) });
    const { header } = (await range.json()) as { header: { revision: string } };
    await fetch(`${etcd}/v3/kv/compaction`, {
      method: 'POST',
      body: JSON.stringify({ revision: header.revision, physical: true }),
    });
    await this.#startApiServer();
    // While it learns of kinds of others it answers 503, and 429 while it fills its caches.
    await this.until('the kinds of weir are served', async () => {
      try {
        await this.client.ask('GET', '/apis/weir.dev/v1/meshpolicies?watch=true&timeoutSeconds=1');
      } catch (error) {
        return !(error instanceof KubeRefusal && (error.status === 503 || error.status === 429));
      }
      return true;
    });
  }

  /** Starts OpenKruise: its kinds, webhooks and manager; needs a network namespace of its own, as it listens on every address. */
  async startKruise(): Promise<void> {
    const all = execFileSync('kubectl', ['kustomize', join(this.binaries.kruiseModule, 'config', 'default')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    });
    const file = join(this.folder, 'kruise.yaml');
    const wanted = all.split(/^---$/m).filter((text) => !/^kind: (?:Deployment|DaemonSet)$/m.test(text));
    writeFileSync(file, wanted.join('---\n'));
    this.kubectl('apply', '--server-side', '--force-conflicts', '-f', file);
    void this.#runKubelet();
    await this.startManager();
  }

  /** Starts the manager alone, where its kinds and webhooks are there already. */
  async startManager(): Promise<void> {
    const port = String(this.#ports[3]);
    const flags = [
      '--enable-leader-election=false',
      '--metrics-addr=127.0.0.1:0',
      `--health-probe-addr=127.0.0.1:${this.#ports[4]}`,
    ];
    this.#spawn(
      'kruise',
      this.binaries.kruise(),
      [...flags, '--enable-pprof=false', '--kubeconfig', join(this.folder, 'admin.kubeconfig')],
      {
        ...{
          WEBHOOK_HOST: '127.0.0.1',
          WEBHOOK_PORT: port,
          WEBHOOK_CERT_DIR: join(this.folder, 'kruise-certs'),
          POD_NAMESPACE: 'kruise-system',
        },
      },
    );
    await this.until('OpenKruise injects', async () => {
      const { value } = await this.client.ask('POST', '/api/v1/namespaces/default/pods?dryRun=All', podOf('probe', {}));
      return value.metadata.annotations !== undefined || value.kind === 'Pod';
    });
  }

  async stopKruise(): Promise<void> {
    await this.#stop('kruise');
  }

  /** Looks until something holds; a failure of the look counts as not yet. */
  async until(what: string, holds: () => Promise<boolean>, limitMs = 120_000): Promise<void> {
    const end = performance.now() + limitMs;
    let last: unknown;
    while (performance.now() < end) {
      try {
        if (await holds()) return;
      } catch (error) {
        last = error;
      }
      await sleep(200);
    }
    throw new Error(`not in time: ${what}: ${String(last ?? '')}\n${this.log('kruise').slice(-2000)}`);
  }

  /** Requests of a service account so far, by the audit log. */
  async requestsBy(account: string): Promise<number> {
    return (await this.requestLines(account)).length;
  }

  /** The same, each with its verb and the kind of object. */
  async requestLines(account: string): Promise<{ readonly verb: string; readonly kind: string }[]> {
    const user = `"username":"system:serviceaccount:weir-system:${account}"`;
    const lines = this.log('audit').split('\n');
    return lines
      .filter((line) => line.includes(user) && line.endsWith('}'))
      .map((line) => {
        const { verb, objectRef = {} } = JSON.parse(line);
        return { verb, kind: [objectRef.resource, objectRef.subresource].filter(Boolean).join('/') };
      });
  }

  log(name: string): string {
    try {
      return readFileSync(join(this.folder, `${name}.log`), 'utf8');
    } catch {
      return '';
    }
  }

  async close(): Promise<void> {
    this.#kubelet.abort();
    this.client.close();
    for (const name of ['kruise', 'apiserver', 'etcd']) await this.#stop(name);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #config(region: string, name: string, namespace: string) {
    const kubeconfig = join(this.folder, `${name}.kubeconfig`);
    return { name: region, kind: 'kubernetes' as const, kubeconfig, namespace, timeout: 10_000 };
  }

  async #start(): Promise<void> {
    const [client, peer] = this.#ports;
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(join(this.folder, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }));
    writeFileSync(join(this.folder, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(join(this.folder, 'tokens.csv'), `${ADMIN},admin,admin,"system:masters"\n`);
    const policy = {
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived', 'ResponseStarted'],
    };
    writeFileSync(join(this.folder, 'audit.json'), JSON.stringify({ ...policy, rules: [{ level: 'Metadata' }] }));
    const [urls, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
    this.#spawn('etcd', await etcdBinary(), [
      ...['--data-dir', join(this.folder, 'etcd'), '--listen-client-urls', urls, '--advertise-client-urls', urls],
      ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`],
      ...['--unsafe-no-fsync'],
    ]);
    await this.#startApiServer();
  }

  async #startApiServer(): Promise<void> {
    this.#spawn('apiserver', this.binaries.apiserver, [
      ...[
        `--etcd-servers=http://127.0.0.1:${this.etcdPort}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${this.#ports[2]}`,
      ],
      ...[`--cert-dir=${join(this.folder, 'certs')}`, `--token-auth-file=${join(this.folder, 'tokens.csv')}`],
      ...[
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-signing-key-file=${join(this.folder, 'sa.key')}`,
      ],
      ...[
        `--service-account-key-file=${join(this.folder, 'sa.pub')}`,
        '--authorization-mode=RBAC',
        '--service-cluster-ip-range=10.0.0.0/24',
      ],
      ...[
        `--audit-log-path=${join(this.folder, 'audit.log')}`,
        `--audit-policy-file=${join(this.folder, 'audit.json')}`,
      ],
      ...[
        '--disable-admission-plugins=ServiceAccount',
        '--endpoint-reconciler-type=none',
        '--advertise-address=10.0.0.1',
      ],
    ]);
    await this.until('the API server is ready', async () => {
      await this.client.ask('GET', '/api/v1/namespaces/default');
      return true;
    });
  }

  #spawn(name: string, file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
    const log = join(this.folder, `${name}.log`);
    // It ends with this process, however that ends.
    const child = spawn('sh', ['-c', 'exec setpriv --pdeathsig KILL -- "$@" >>"$0" 2>&1', log, file, ...args], {
      stdio: 'ignore',
      env: { ...process.env, ...env },
    });
    this.#processes.set(name, child);
  }

  async #stop(name: string): Promise<void> {
    const child = this.#processes.get(name);
    this.#processes.delete(name);
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
    await ended;
    clearTimeout(timer);
  }

  /** Every container of every pod runs its image, or does not start with a broken one. */
  async #runKubelet(): Promise<void> {
    const { signal } = this.#kubelet;
    while (!signal.aborted) {
      try {
        const { items } = await this.client.list('/api/v1/pods');
        for (const pod of items) await this.#tellPod(pod);
      } catch {
        // The API server may be away for a moment.
      }
      await sleep(250, undefined, { signal }).catch(() => undefined);
    }
  }

  async #tellPod(pod: KubeObject): Promise<void> {
    const { name, namespace } = pod.metadata;
    const containers: { name: string; image: string }[] = pod.spec.containers;
    const told: ContainerStatus[] = pod.status?.containerStatuses ?? [];
    const containerStatuses = containers.map((one): ContainerStatus => {
      const before = told.find((status) => status.name === one.name);
      if (before !== undefined && this.slow.has(one.image)) return before;
      const broken = this.broken.has(one.image);
      const state = broken
        ? { waiting: { reason: 'ImagePullBackOff', message: `no such image ${one.image}` } }
        : { running: { startedAt: '2030-01-01T00:00:00Z' } };
      const isNew = before !== undefined && before.image !== one.image;
      return {
        name: one.name,
        image: one.image,
        imageID: `id-of-${one.image}`,
        ready: !broken,
        started: !broken,
        restartCount: (before?.restartCount ?? 0) + (isNew ? 1 : 0),
        state,
      };
    });
    const seen = (all: readonly ContainerStatus[]) => JSON.stringify(all.map(({ image, ready }) => [image, ready]));
    if (seen(told) === seen(containerStatuses)) return;
    const status = containerStatuses.every(({ ready }) => ready) ? 'True' : 'False';
    const at = '2030-01-01T00:00:00Z';
    const own = ['Ready', 'ContainersReady', 'Initialized', 'PodScheduled'];
    const kept = (pod.status?.conditions ?? []).filter(({ type }: { type: string }) => !own.includes(type));
    const conditions = [
      ...kept,
      ...own.map((type) => ({ type, status: type.endsWith('Ready') ? status : 'True', lastTransitionTime: at })),
    ];
    const body = {
      ...pod,
      status: { ...pod.status, phase: 'Running', conditions, containerStatuses, podIP: '10.1.1.1', startTime: at },
    };
    await this.client.ask('PUT', `/api/v1/namespaces/${namespace}/pods/${name}/status`, body).catch(() => undefined);
  }
}

interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly state: object;
}

/** A pod with one application. */
export function podOf(name: string, labels: Readonly<Record<string, string>>) {
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels } },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'app:1' }] },
  };
}
