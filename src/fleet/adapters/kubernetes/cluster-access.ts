/** Where a cluster's API server is and with which rights it is asked: a kubeconfig, else the service account of the pod. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../../errors/message-of.ts';
import { readYamlTree } from '../../../mesh/yaml/yaml-tree.ts';
import type { HttpPlace, TlsFiles } from '../../../platform/http-exchange.ts';
import type { RegionConfig } from '../../model/fleet-config.ts';
import { StoreFailure } from '../../ports.ts';

/** A region on Kubernetes, as fleet.yaml describes it. */
export type KubernetesConfig = Extract<RegionConfig, { kind: 'kubernetes' }>;

/** An API server, and the value of `Authorization` for it. */
export interface ClusterAccess {
  readonly place: HttpPlace;
  /** In front of every path: servers behind a gateway have one. */
  readonly basePath: string;
  /** Undefined: the certificate of the connection says who asks. */
  authorization(): Promise<string | undefined>;
}

/** The service account of a pod. */
const POD_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
/** A token is read again after this time, in ms: the kubelet replaces it before it ends. */
const TOKEN_MS = 60_000;
/** A program that brings a token may take so long, in ms. */
const EXEC_MS = 20_000;

type Fields = Readonly<Record<string, unknown>>;

/** Finds the API server. Throws `StoreFailure` (refused) that names the file and what is wrong with it. */
export async function openCluster(config: KubernetesConfig): Promise<ClusterAccess> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, KUBECONFIG } = process.env;
  if (config.kubeconfig === undefined && config.context === undefined && host !== undefined) {
    const ca = await readOr(join(POD_FOLDER, 'ca.crt'));
    const place: HttpPlace = { kind: 'https', host, port: Number(port ?? 443), tls: { ca } };
    return { place, basePath: '', authorization: tokenOf(join(POD_FOLDER, 'token')) };
  }
  const file = config.kubeconfig ?? KUBECONFIG?.split(':')[0] ?? join(homedir(), '.kube', 'config');
  return await accessOf(file, config.context);
}

async function accessOf(file: string, wanted: string | undefined): Promise<ClusterAccess> {
  const text = (await readOr(file)).toString('utf8');
  const tree = readYamlTree(text);
  const refuse = (why: string): never => {
    throw new StoreFailure(`${file}: ${why}`, 'refused');
  };
  if (tree.faults.length > 0) refuse('it is no YAML');
  const root = fields(tree.value);
  const named = (list: string, key: string, name: unknown): Fields => {
    const entries = Array.isArray(root[list]) ? (root[list] as unknown[]).map(fields) : [];
    const found = entries.find((one) => one.name === name);
    if (found !== undefined) return fields(found[key]);
    return refuse(
      `it has no ${key} ${String(name)}, only ${entries.map((one) => String(one.name)).join(', ') || 'none'}`,
    );
  };
  const current = wanted ?? root['current-context'];
  if (current === undefined || current === '')
    refuse('it has no current-context; name one with `context` in fleet.yaml');
  const context = named('contexts', 'context', current);
  const cluster = named('clusters', 'cluster', context.cluster);
  const user = context.user === undefined ? {} : named('users', 'user', context.user);
  if (!URL.canParse(String(cluster.server))) refuse(`the server ${String(cluster.server)} is no URL`);
  const url = new URL(String(cluster.server));
  const folder = dirname(file);
  const data = async (from: Fields, key: string): Promise<Buffer | undefined> => {
    const inline = from[`${key}-data`];
    if (typeof inline === 'string') return Buffer.from(inline, 'base64');
    const path = from[key];
    return typeof path === 'string' ? await readOr(resolve(folder, path)) : undefined;
  };
  const [ca, cert, key] = await Promise.all([
    data(cluster, 'certificate-authority'),
    data(user, 'client-certificate'),
    data(user, 'client-key'),
  ]);
  const name = cluster['tls-server-name'];
  const tls: TlsFiles = {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(typeof name === 'string' && { servername: name }),
    ...(cluster['insecure-skip-tls-verify'] === true && { rejectUnauthorized: false }),
  };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const place: HttpPlace =
    url.protocol === 'http:'
      ? { kind: 'http', host, port: Number(url.port || 80) }
      : { kind: 'https', host, port: Number(url.port || 443), tls };
  return { place, basePath: url.pathname.replace(/\/$/, ''), authorization: rightsOf(user, folder, file) };
}

function rightsOf(user: Fields, folder: string, file: string): ClusterAccess['authorization'] {
  const { token, tokenFile, username, password, exec } = user;
  if (typeof tokenFile === 'string') return tokenOf(resolve(folder, tokenFile));
  if (typeof token === 'string') return async () => `Bearer ${token}`;
  if (typeof username === 'string') {
    const basic = Buffer.from(`${username}:${String(password ?? '')}`).toString('base64');
    return async () => `Basic ${basic}`;
  }
  if (exec !== undefined) return tokenByProgram(fields(exec), folder, file);
  return async () => undefined;
}

function tokenOf(path: string): ClusterAccess['authorization'] {
  let known: { readonly value: string; readonly atMs: number } | null = null;
  return async () => {
    if (known === null || performance.now() - known.atMs > TOKEN_MS) {
      known = { value: `Bearer ${(await readOr(path)).toString('utf8').trim()}`, atMs: performance.now() };
    }
    return known.value;
  };
}

/** Clouds hand out tokens by programs (client.authentication.k8s.io). */
function tokenByProgram(exec: Fields, folder: string, file: string): ClusterAccess['authorization'] {
  let known: { readonly value: string; readonly endsMs: number } | null = null;
  return async () => {
    if (known !== null && Date.now() < known.endsMs) return known.value;
    const args = Array.isArray(exec.args) ? exec.args.map(String) : [];
    const pairs = Array.isArray(exec.env) ? exec.env.map(fields) : [];
    const apiVersion = String(exec.apiVersion ?? 'client.authentication.k8s.io/v1');
    const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
    const env = {
      ...process.env,
      KUBERNETES_EXEC_INFO: JSON.stringify(info),
      ...Object.fromEntries(pairs.map(({ name, value }) => [String(name), String(value ?? '')])),
    };
    const command = String(exec.command ?? '');
    const path = command.includes('/') ? resolve(folder, command) : command;
    try {
      const { stdout } = await promisify(execFile)(path, args, { env, timeout: EXEC_MS });
      const status = fields(fields(JSON.parse(stdout)).status);
      if (typeof status.token !== 'string') throw new Error('it brought no token');
      const ends = Date.parse(String(status.expirationTimestamp ?? ''));
      known = { value: `Bearer ${status.token}`, endsMs: Number.isNaN(ends) ? Date.now() + TOKEN_MS : ends - 10_000 };
      return known.value;
    } catch (error) {
      throw new StoreFailure(`${command} of ${file} brought no token: ${messageOf(error)}`, 'refused');
    }
  };
}

async function readOr(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new StoreFailure(`${file} cannot be read: ${messageOf(error)}`, 'refused');
  }
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
