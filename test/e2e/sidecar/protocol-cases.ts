/** The protocols that a sidecar may carry, each through an upgrade with exchanges that outlast its drain and others that do not. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import {
  datagramClient,
  GrpcEcho,
  grpcClient,
  httpClient,
  type ProtocolClient,
  type Seen,
} from './protocol-clients.ts';
import { NEW_ENVOY, OLD_ENVOY, SidecarLab } from './sidecar-lab.ts';
import { EchoWebSockets, WebSocketClients } from './web-sockets.ts';

const TYPE = 'type.googleapis.com/envoy.extensions';
/** Exchanges that end within the drain of 5 s, and others that do not. */
const [SHORT, LONG] = [
  { ms: 3000, count: 4 },
  { ms: 60_000, count: 6 },
] as const;

/** What clients saw and what weir reported. */
export interface ProtocolRow {
  readonly outcome: string;
  readonly seen: Seen;
  readonly reported: {
    readonly connections: { readonly drained: number | null; readonly cut: number | null };
    readonly requests: { readonly cut: number | null };
  };
  readonly warnings: readonly string[];
  readonly seconds: number;
}

/** One protocol. */
export interface ProtocolCase {
  readonly protocol: string;
  /** Whether weir can count the connections that it cuts. */
  readonly isCounted: boolean;
  /** Whether it can count the requests that it cuts; true if omitted. */
  readonly hasRequestLog?: boolean;
  /** Whether an exchange may be lost by Envoy itself, as datagrams are. */
  readonly mayLose: boolean;
  /** Changes the bootstrap, and starts what stands behind it. */
  open(lab: SidecarLab, bootstrap: TestedBootstrap): Promise<Opened>;
}

interface Opened {
  /** Begins the exchanges once the sidecar is live. */
  begin(): Promise<ProtocolClient>;
  close(): void;
}

// biome-ignore lint/suspicious/noExplicitAny: a bootstrap as parsed JSON, which the cases change at will.
type TestedBootstrap = any;

const nothing = () => {};

function listenerOf(bootstrap: TestedBootstrap): TestedBootstrap {
  return bootstrap.static_resources.listeners[0];
}

function sendTo(bootstrap: TestedBootstrap, port: number): TestedBootstrap {
  const [cluster] = bootstrap.static_resources.clusters;
  cluster.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value = port;
  return cluster;
}

function speaksHttp2(cluster: TestedBootstrap): void {
  cluster.typed_extension_protocol_options = {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  };
}

/** A free TCP port, which is free for datagrams as well, for all that anybody knows. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answer = await Promise.race([once(socket, 'connect'), once(socket, 'error')]).then(
    () => true,
    () => false,
  );
  socket.destroy();
  return answer;
}

function webSocketClient(clients: WebSocketClients, count: number): ProtocolClient {
  return {
    begun: Promise.resolve(),
    async finish() {
      const lost = (await clients.allLost()).length;
      return { sent: count, lost: 0, cut: { connections: lost, exchanges: lost }, errors: [] };
    },
  };
}

/** A certificate for the listener of QUIC, made anew for each run. */
async function certificate(folder: string): Promise<{ readonly key: string; readonly cert: string }> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=sidecar.test', '-addext', 'subjectAltName=DNS:sidecar.test', '-days', '2'];
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject];
  const { status, stderr } = spawnSync('openssl', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
  await chmod(key, 0o644);
  return { key, cert };
}

/** An Envoy that takes HTTP/1 on `port` and asks the sidecar by HTTP/3. */
async function quicClientEnvoy(folder: string, port: number, quicPort: number): Promise<ChildProcess> {
  const quic = { address: { socket_address: { address: '127.0.0.1', port_value: quicPort, protocol: 'UDP' } } };
  const router = { name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } };
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'quic', timeout: '0s' } }];
  const manager = {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'edge',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
    http_filters: [router],
  };
  const cluster = {
    name: 'quic',
    type: 'STATIC',
    connect_timeout: '2s',
    load_assignment: { cluster_name: 'quic', endpoints: [{ lb_endpoints: [{ endpoint: quic }] }] },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: { http3_protocol_options: {} },
      },
    },
    transport_socket: {
      name: 'envoy.transport_sockets.quic',
      typed_config: {
        '@type': `${TYPE}.transport_sockets.quic.v3.QuicUpstreamTransport`,
        upstream_tls_context: {
          sni: 'sidecar.test',
          common_tls_context: { validation_context: { trusted_ca: { filename: join(folder, 'cert.pem') } } },
        },
      },
    },
  };
  const listener = {
    name: 'edge',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'hcm', typed_config: manager }] }],
  };
  const file = join(folder, 'edge.json');
  await writeFile(file, JSON.stringify({ static_resources: { listeners: [listener], clusters: [cluster] } }));
  const words = ['-c', file, '--disable-hot-restart', '--concurrency', '1', '--log-level', 'error'];
  const validated = spawnSync(OLD_ENVOY, [...words, '--mode', 'validate'], { encoding: 'utf8' });
  if (validated.status !== 0) throw new Error(validated.stderr);
  return spawn(OLD_ENVOY, words, { stdio: 'ignore' });
}

/** All of them but QUIC, which is below, and TPROXY, which takes a network namespace. */
export const PROTOCOL_CASES: readonly ProtocolCase[] = [
  {
    protocol: 'HTTP/1',
    isCounted: true,
    mayLose: false,
    open: async ({ port }) => ({ begin: async () => httpClient({ port }, [SHORT, LONG]), close: nothing }),
  },
  {
    protocol: 'WebSocket',
    isCounted: true,
    mayLose: false,
    async open({ port }, bootstrap) {
      const upstream = await EchoWebSockets.start();
      sendTo(bootstrap, upstream.port);
      const manager = listenerOf(bootstrap).filter_chains[0].filters[0].typed_config;
      manager.upgrade_configs = [{ upgrade_type: 'websocket' }];
      let clients: WebSocketClients | null = null;
      return {
        async begin() {
          clients = await WebSocketClients.open(port, LONG.count);
          return webSocketClient(clients, LONG.count);
        },
        close() {
          clients?.close();
          upstream.close();
        },
      };
    },
  },
  {
    protocol: 'gRPC streams',
    isCounted: true,
    mayLose: false,
    async open({ port }, bootstrap) {
      const upstream = await GrpcEcho.start();
      speaksHttp2(sendTo(bootstrap, upstream.port));
      return { begin: async () => grpcClient(port, [SHORT, LONG]), close: () => upstream.close() };
    },
  },
  {
    protocol: 'HTTP on a Unix socket',
    isCounted: true,
    mayLose: false,
    async open({ runDir }, bootstrap) {
      const socketPath = join(runDir, 'main', 'app.sock');
      const { listeners } = bootstrap.static_resources;
      listeners.push({ ...listeners[0], name: 'pipe', address: { pipe: { path: socketPath, mode: 0o666 } } });
      return { begin: async () => httpClient({ socketPath }, [SHORT, LONG]), close: nothing };
    },
  },
  {
    protocol: 'UDP',
    isCounted: false,
    mayLose: true,
    async open({ sparePort, upstream }, bootstrap) {
      const echo = createSocket('udp4');
      echo.on('message', (message, from) => echo.send(message, from.port, from.address));
      echo.bind(upstream.port, '127.0.0.1');
      await once(echo, 'listening');
      const route = { '@type': `${TYPE}.filters.udp.udp_proxy.v3.Route`, cluster: 'up' };
      const typed_config = {
        '@type': `${TYPE}.filters.udp.udp_proxy.v3.UdpProxyConfig`,
        stat_prefix: 'udp',
        matcher: { on_no_match: { action: { name: 'route', typed_config: route } } },
      };
      bootstrap.static_resources.listeners.push({
        name: 'datagrams',
        address: { socket_address: { protocol: 'UDP', address: '127.0.0.1', port_value: sparePort } },
        listener_filters: [{ name: 'udp', typed_config }],
      });
      return { begin: async () => datagramClient(sparePort), close: () => echo.close() };
    },
  },
];

/** HTTP/3: another Envoy as the client. */
export const QUIC_CASE: ProtocolCase = {
  protocol: 'HTTP/3 (QUIC)',
  isCounted: false,
  hasRequestLog: false,
  mayLose: false,
  async open(lab, bootstrap) {
    const { sparePort, folder } = lab;
    const { key, cert } = await certificate(folder);
    const [first] = bootstrap.static_resources.listeners;
    const [chain] = structuredClone(first.filter_chains);
    chain.filters[0].typed_config.codec_type = 'HTTP3';
    const certificates = [{ certificate_chain: { filename: cert }, private_key: { filename: key } }];
    chain.transport_socket = {
      name: 'envoy.transport_sockets.quic',
      typed_config: {
        '@type': `${TYPE}.transport_sockets.quic.v3.QuicDownstreamTransport`,
        downstream_tls_context: { common_tls_context: { tls_certificates: certificates } },
      },
    };
    bootstrap.static_resources.listeners.push({
      name: 'quic',
      address: { socket_address: { protocol: 'UDP', address: '127.0.0.1', port_value: sparePort } },
      udp_listener_config: { quic_options: {}, downstream_socket_config: { prefer_gro: true } },
      filter_chains: [chain],
    });
    const port = await freePort();
    const edge = await quicClientEnvoy(folder, port, sparePort);
    return {
      async begin() {
        await lab.until('the client Envoy', () => accepts(port));
        return httpClient({ port }, [SHORT, LONG]);
      },
      close: () => edge.kill('SIGKILL'),
    };
  },
};

/** Upgrades a sidecar under one protocol and compares what clients saw with what weir reported. */
export async function tryProtocol(one: ProtocolCase): Promise<ProtocolRow> {
  const lab = await SidecarLab.open({ drain: '5s' });
  let opened: Opened | null = null;
  try {
    const file = join(lab.folder, 'first.json');
    const bootstrap = JSON.parse(await readFile(file, 'utf8'));
    opened = await one.open(lab, bootstrap);
    await writeFile(file, JSON.stringify(bootstrap));
    await lab.run();
    const client = await opened.begin();
    await client.begun;
    const { json } = await lab.upgrade('--binary', NEW_ENVOY);
    const report = json.result ?? json.error?.details ?? {};
    const seen = await client.finish();
    return {
      outcome: String(report.outcome ?? json.error?.code),
      seen,
      reported: { connections: report.connections, requests: report.requests },
      warnings: json.warnings ?? [],
      seconds: (report.states?.at(-1)?.atMs ?? 0) / 1000,
    };
  } finally {
    opened?.close();
    await lab.close();
  }
}
