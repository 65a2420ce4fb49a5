/** A stand-in for a Nacos 2.x server: its gRPC subset with the behaviour that was seen of a real one. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { text } from 'node:stream/consumers';
import { decodePayload, encodePayload, type NacosPayload } from '../../src/discovery/registry/nacos/payload.ts';
import { GrpcFrames, grpcFrame } from '../../src/discovery/xds/grpc-frames.ts';

const OFFSET = 1000;
const OK = { resultCode: 200, errorCode: 0, success: true };

/** Requests that anybody may send. */
const OPEN = ['ServerCheckRequest', 'HealthCheckRequest', 'ConnectionSetupRequest'];

/** The one user of a server that asks for users. */
export interface FakeAccount {
  readonly user: string;
  readonly password: string;
  readonly tokenSeconds: number;
}

interface Client {
  readonly session: ServerHttp2Session;
  stream: ServerHttp2Stream | null;
  readonly subscribed: Set<string>;
  readonly listens: Set<string>;
}

/** A server on loopback. Instances live as long as the connection that registered them. */
export class FakeNacos {
  readonly port: number;
  /** Pushes that a client has answered. */
  acknowledged = 0;
  /** Requests that are refused, as `SubscribeServiceRequest SERVICE` or `ConfigQueryRequest DATAID@GROUP`, with the error. */
  readonly refused = new Map<string, number>();
  /** Whether the answer about the names of the services has none. */
  isNameless = false;
  /** Requests of clients by the same names, in their order. */
  readonly asked: string[] = [];
  #server: Http2Server;
  #logins: Server | null = null;
  /** By token, when it ends, in milliseconds since 1970. */
  readonly #tokens = new Map<string, number>();
  #lastToken = 0;
  readonly #clients = new Map<ServerHttp2Session, Client>();
  readonly #hosts = new Map<string, Map<Client, object>>();
  readonly #configs = new Map<string, string>();

  private constructor(port: number, server: Http2Server) {
    this.port = port;
    this.#server = server;
  }

  /** Without an account it asks for none. */
  static async open(account: FakeAccount | null = null): Promise<FakeNacos> {
    for (;;) {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port - OFFSET : 0;
      // A client adds the offset: the port of HTTP must be one.
      if (port < 1) {
        server.close();
        continue;
      }
      const fake = new FakeNacos(port, server);
      if (account !== null && !(await fake.#serveLogins(account))) {
        server.close();
        continue;
      }
      fake.#serve(server);
      return fake;
    }
  }

  /** Ends all connections; what clients registered is gone, configurations stay. */
  async stop(): Promise<void> {
    for (const session of this.#clients.keys()) session.destroy();
    this.#clients.clear();
    this.#hosts.clear();
    if (this.#server.listening) {
      this.#server.close();
      await once(this.#server, 'close');
    }
  }

  async start(): Promise<void> {
    this.#server = createServer();
    this.#serve(this.#server);
    this.#server.listen(this.port + OFFSET, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    await this.stop();
    this.#logins?.close();
  }

  /** How many logins were taken. */
  get logins(): number {
    return this.#lastToken;
  }

  /** Ends the connections of clients that registered nothing; new ones are taken. */
  cut(): void {
    const providers = new Set([...this.#hosts.values()].flatMap((hosts) => [...hosts.keys()]));
    for (const client of this.#clients.values()) if (!providers.has(client)) client.session.destroy();
  }

  /** Pushes something to whoever subscribed the service. */
  push(service: string, serviceInfo: object): void {
    for (const client of this.#clients.values()) {
      if (client.subscribed.has(service)) this.#push(client, 'NotifySubscriberRequest', { serviceInfo });
    }
  }

  /** Takes no token any more, as a server that has another secret now. */
  forgetTokens(): void {
    this.#tokens.clear();
  }

  /** Whether the port of HTTP was free. */
  async #serveLogins({ user, password, tokenSeconds }: FakeAccount): Promise<boolean> {
    const logins = createHttpServer(async (request, answer) => {
      const asked = new URLSearchParams(await text(request));
      if (asked.get('username') !== user || asked.get('password') !== password) {
        answer.writeHead(403).end('unknown user!');
        return;
      }
      this.#lastToken += 1;
      const accessToken = String(this.#lastToken);
      this.#tokens.set(accessToken, Date.now() + tokenSeconds * 1000);
      answer.end(JSON.stringify({ accessToken, tokenTtl: tokenSeconds }));
    });
    logins.listen(this.port, '127.0.0.1');
    const isListening = await once(logins, 'listening').then(
      () => true,
      () => false,
    );
    if (isListening) this.#logins = logins;
    return isListening;
  }

  /** Why a request is refused; null when it is not. */
  #refusalOf({ type, headers }: NacosPayload): string | null {
    if (this.#logins === null || OPEN.includes(type)) return null;
    const endsAt = this.#tokens.get(headers.accessToken ?? '');
    if (endsAt === undefined) return headers.accessToken === undefined ? 'user not found!' : 'token invalid!';
    return Date.now() < endsAt ? null : 'token expired!';
  }

  #serve(server: Http2Server): void {
    server.on('session', (session) => {
      const client: Client = { session, stream: null, subscribed: new Set(), listens: new Set() };
      this.#clients.set(session, client);
      session.on('error', () => undefined);
      session.on('close', () => this.#left(client));
      session.on('stream', (stream, headers) => {
        stream.on('error', () => undefined);
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        const frames = new GrpcFrames();
        if (headers[':path'] === '/Request/request') {
          stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
          stream.on('data', (bytes: Buffer) => {
            for (const message of frames.take(bytes)) {
              const answer = this.#answer(client, decodePayload(message));
              stream.end(grpcFrame(encodePayload({ headers: {}, ...answer })));
            }
          });
          return;
        }
        stream.on('data', (bytes: Buffer) => {
          for (const message of frames.take(bytes)) {
            if (decodePayload(message).type === 'ConnectionSetupRequest') client.stream = stream;
            else this.acknowledged += 1;
          }
        });
      });
    });
  }

  #left(client: Client): void {
    this.#clients.delete(client.session);
    for (const [service, hosts] of this.#hosts) if (hosts.delete(client)) this.#pushService(service);
  }

  #answer(client: Client, asked: NacosPayload): Omit<NacosPayload, 'headers'> {
    const { type, body } = asked;
    const reply = (more: object = {}) => ({
      type: type.replace(/Request$/, 'Response'),
      body: { ...OK, requestId: body.requestId, ...more },
    });
    if (type === 'ServerCheckRequest') return reply({ connectionId: 'fake' });
    if (client.stream === null) {
      return {
        type: 'ErrorResponse',
        body: { resultCode: 500, errorCode: 301, message: 'Connection is unregistered.' },
      };
    }
    const refusal = this.#refusalOf(asked);
    if (refusal !== null) return { ...reply(), body: { resultCode: 500, errorCode: 403, message: refusal } };
    const service = String(body.serviceName ?? '');
    const name = `${type} ${service || (body.dataId === undefined ? '' : `${body.dataId}@${body.group}`)}`.trim();
    this.asked.push(name);
    const code = this.refused.get(name);
    if (code !== undefined)
      return { ...reply(), body: { resultCode: 500, errorCode: code, message: `refused with ${code}` } };
    switch (type) {
      case 'SubscribeServiceRequest':
        client.subscribed.add(service);
        return reply({ serviceInfo: this.#info(service) });
      case 'ServiceQueryRequest':
        return { ...reply({ serviceInfo: this.#info(service) }), type: 'QueryServiceResponse' };
      case 'ServiceListRequest': {
        if (this.isNameless) return reply({});
        const all = [...this.#hosts.keys()].toSorted();
        const [page, size] = [Number(body.pageNo), Number(body.pageSize)];
        return reply({ count: all.length, serviceNames: all.slice((page - 1) * size, page * size) });
      }
      case 'InstanceRequest': {
        const hosts = this.#hosts.get(service) ?? new Map<Client, object>();
        this.#hosts.set(service, hosts);
        if (body.type === 'deregisterInstance') hosts.delete(client);
        else hosts.set(client, { healthy: true, enabled: true, ...Object(body.instance) });
        this.#pushService(service);
        return reply();
      }
      case 'ConfigPublishRequest': {
        const key = `${String(body.group)} ${String(body.dataId)}`;
        this.#configs.set(key, String(body.content));
        this.#pushConfig(key, body);
        return reply();
      }
      case 'ConfigQueryRequest': {
        const content = this.#configs.get(`${String(body.group)} ${String(body.dataId)}`);
        if (content !== undefined) return reply({ content, md5: md5(content) });
        return {
          type: 'ConfigQueryResponse',
          body: { resultCode: 500, errorCode: 300, message: 'config data not exist' },
        };
      }
      case 'ConfigBatchListenRequest':
        for (const one of Array.isArray(body.configListenContexts) ? body.configListenContexts : []) {
          client.listens.add(`${one.group} ${one.dataId}`);
        }
        return { ...reply({ changedConfigs: [] }), type: 'ConfigChangeBatchListenResponse' };
      default:
        return reply();
    }
  }

  #info(service: string): object {
    return { name: service, groupName: 'DEFAULT_GROUP', hosts: [...(this.#hosts.get(service)?.values() ?? [])] };
  }

  #pushService(service: string): void {
    for (const client of this.#clients.values()) {
      if (!client.subscribed.has(service)) continue;
      this.#push(client, 'NotifySubscriberRequest', { serviceInfo: this.#info(service) });
    }
  }

  #pushConfig(key: string, { dataId, group }: NacosPayload['body']): void {
    for (const client of this.#clients.values()) {
      if (client.listens.has(key)) this.#push(client, 'ConfigChangeNotifyRequest', { dataId, group, tenant: '' });
    }
  }

  #push(client: Client, type: string, body: object): void {
    client.stream?.write(grpcFrame(encodePayload({ type, headers: {}, body: { requestId: '1', ...body } })));
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
