/** Two joined network namespaces with an application and its peers. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { type LabProcess, type StartOptions, startProcess } from './lab-process.ts';
import { joinNamespaces, type LabNamespace, makeNamespace } from './network-namespace.ts';

// Files run side by side, and weir looks at the processes of an account in all namespaces: each file has its own.
const FIRST_UID = 30_000 + (process.pid % 10_000) * 2;

/** The accounts of the lab: numbers that no passwd file knows, except that 1337 is what meshes use for a sidecar. */
export const LAB_UIDS = { app: FIRST_UID, other: FIRST_UID + 1, sidecar: 1337 } as const;

/** The addresses of the two namespaces; they exist inside these namespaces only. */
export const LAB_ADDRESSES = {
  client: { ipv4: '10.77.0.1', ipv6: 'fd77::1' },
  upstream: { ipv4: '10.77.0.2', ipv6: 'fd77::2' },
} as const;

/** Where the lab differs from the usual host. */
export interface LabOptions {
  /** `::6` on the client's lo, which a sidecar's inbound connections come from. Default true. */
  readonly passthroughAddress?: boolean;
  /** IPv6 addresses between the namespaces. Default true. */
  readonly ipv6?: boolean;
  /** A default route of the client through the upstream, so that every address is routable. Default true. */
  readonly defaultRoute?: boolean;
  /** The test whose end tears the lab down; without it the end of the test file does. */
  readonly test?: TestContext;
}

/** Two joined network namespaces and a folder, torn down together with everything that was started inside. */
export interface Lab {
  readonly name: string;
  /** Where weir, the applications and the sidecar live. */
  readonly client: LabNamespace;
  /** Where the servers live. */
  readonly upstream: LabNamespace;
  /** A folder that every user may enter, and only root may change. */
  readonly folder: string;
  /** Makes a folder in `folder` that belongs to a user. */
  makeFolder(name: string, uid: number): string;
  /** Starts a program that ends with the lab. */
  start(namespace: LabNamespace, argv: readonly string[], options?: StartOptions): LabProcess;
  /** Adds something to do when the lab is torn down; last added, first done. */
  onClose(task: () => void | Promise<void>): void;
  /** Tears everything down; safe to call twice. */
  close(): Promise<void>;
}

/**
 * Makes a lab. `name` appears in the namespaces' names: letters, digits and hyphens. It is torn down at the end of
 * `options.test` or of the test file, also when a test fails, the process is interrupted, or making it fails half-way.
 */
export async function makeLab(name: string, options: LabOptions = {}): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), `weir-lab-${name}-`));
  chmodSync(folder, 0o755);
  const namespaces: LabNamespace[] = [];
  const processes: LabProcess[] = [];
  const tasks: (() => void | Promise<void>)[] = [];
  const closeNow = () => {
    for (const process of processes) process.kill();
    for (const namespace of namespaces) namespace.remove();
    rmSync(folder, { recursive: true, force: true });
  };
  const close = async () => {
    const errors: unknown[] = [];
    for (const task of tasks.splice(0).reverse()) {
      await Promise.resolve()
        .then(task)
        .catch((error: unknown) => errors.push(error));
    }
    await Promise.all(processes.map((process) => process.stop()));
    closeNow();
    stopWatching();
    if (errors.length > 0) throw new AggregateError(errors, `lab ${name} could not be torn down`);
  };
  const stopWatching = closeAtExit(closeNow);
  if (options.test) options.test.after(close);
  else after(close);

  const make = async (side: string) => {
    const namespace = await makeNamespace(`${name}-${side}`);
    namespaces.push(namespace);
    return namespace;
  };
  const client = await make('client');
  const upstream = await make('upstream');
  const addresses = ({ ipv4, ipv6 }: { ipv4: string; ipv6: string }) => [
    `${ipv4}/24`,
    ...(options.ipv6 === false ? [] : [`${ipv6}/64`]),
  ];
  await joinNamespaces(
    { namespace: client, addresses: addresses(LAB_ADDRESSES.client) },
    { namespace: upstream, addresses: addresses(LAB_ADDRESSES.upstream) },
  );
  if (options.passthroughAddress !== false) await client.sh('ip -6 addr add ::6/128 dev lo');
  if (options.defaultRoute !== false) {
    await client.sh(`ip route add default via ${LAB_ADDRESSES.upstream.ipv4}`);
    if (options.ipv6 !== false) await client.sh(`ip -6 route add default via ${LAB_ADDRESSES.upstream.ipv6}`);
  }
  return {
    name,
    client,
    upstream,
    folder,
    makeFolder(folderName, uid) {
      const path = join(folder, folderName);
      mkdirSync(path);
      chownSync(path, uid, uid);
      return path;
    },
    start(namespace, argv, startOptions) {
      const process = startProcess(namespace, argv, startOptions);
      processes.push(process);
      return process;
    },
    onClose: (task) => tasks.push(task),
    close,
  };
}

// node:test does not run `after` hooks when the runner is interrupted, and an uncaught error skips them as well.
function closeAtExit(closeNow: () => void): () => void {
  const onSignal = () => process.exit(130);
  process.on('exit', closeNow).on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return () => process.off('exit', closeNow).off('SIGINT', onSignal).off('SIGTERM', onSignal);
}
