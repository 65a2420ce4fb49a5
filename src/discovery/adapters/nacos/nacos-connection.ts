/** One connection to a Nacos server: requests, the stream of pushes, and whether the server is still there. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { messageOf } from '../../../errors/message-of.ts';
import type { RegistryServer } from '../../../mesh/discovery-config.ts';
import type { Clock } from '../../../platform/clock.ts';
import { NacosError } from '../../registry/nacos/nacos-error.ts';
import { decodePayload, encodePayload, type NacosPayload } from '../../registry/nacos/payload.ts';
import { GrpcFrames, grpcFrame } from '../../xds/grpc-frames.ts';

/** A server that answers HTTP on this port answers gRPC on one so much higher. */
const GRPC_OFFSET = 1000;
const CONNECT_MS = 3_000;
const REQUEST_MS = 5_000;
/** A server drops clients that are silent for some 20 s. */
const HEALTH_MS = 5_000;
/** How often a server is asked whether it has taken the set-up, which it does not answer. */
const SETUP_TRIES = 60;
const SETUP_PAUSE_MS = 50;
const SUCCESS = 200;

/** What a connection needs. */
export interface NacosConnectionOptions {
  readonly server: RegistryServer;
  readonly namespace: string;
  /** Sent with every request: the access token of a login, as it is at present. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** A push; weir has answered it. */
  readonly pushed: (push: NacosPayload) => void;
}

/** A connection that is set up. `lost` resolves with the reason when it ends. */
export class NacosConnection {
  readonly lost: Promise<string>;
  readonly #options: NacosConnectionOptions;
  readonly #session: ClientHttp2Session;
  readonly #end: (why: string) => void;
  readonly #ended = new AbortController();
  #stream: ClientHttp2Stream | null = null;
  #requests = 0;

  private constructor(options: NacosConnectionOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.lost = promise;
    this.#end = (why) => {
      if (this.#ended.signal.aborted) return;
      this.#ended.abort();
      this.#session.destroy();
      resolve(why);
    };
    const { host, port } = options.server;
    const authority = `http://${host.includes(':') ? `[${host}]` : host}:${port + GRPC_OFFSET}`;
    this.#session = connect(authority);
    this.#session.on('error', (error) => this.#end(error.message));
    this.#session.on('close', () => this.#end('the server closed the connection'));
  }

  /** Connects and waits until the server takes requests. Rejects with the reason. */
  static async open(options: NacosConnectionOptions): Promise<NacosConnection> {
    const connection = new NacosConnection(options);
    try {
      await connection.#setUp();
    } catch (error) {
      connection.close();
      throw error;
    }
    void connection.#watchHealth();
    return connection;
  }

  /** `why` is what `lost` resolves to. */
  close(why = 'weir closed it'): void {
    this.#end(why);
  }

  /** Asks; resolves to the body. Rejects with NacosError for a refusal, Error when there is no answer. */
  async request(
    type: string,
    body: Readonly<Record<string, unknown>>,
    limitMs = REQUEST_MS,
  ): Promise<NacosPayload['body']> {
    this.#requests += 1;
    const asked = { headers: {}, requestId: String(this.#requests), module: 'naming', ...body };
    const payload = encodePayload({ type, headers: this.#options.headers(), body: asked });
    const answer = decodePayload(await this.#unary(payload, limitMs));
    const { resultCode, errorCode, message } = answer.body;
    if (answer.type !== 'ErrorResponse' && resultCode === SUCCESS) return answer.body;
    const code = Number(errorCode ?? resultCode ?? 0);
    throw new NacosError(`${type}: ${String(message ?? answer.type)}`, code, answer.type);
  }

  async #setUp(): Promise<void> {
    const { clock, namespace } = this.#options;
    await this.request('ServerCheckRequest', { module: 'internal' }, CONNECT_MS);
    this.#openStream();
    this.#say('ConnectionSetupRequest', {
      ...{ clientVersion: 'weir', tenant: namespace, labels: { source: 'sdk', module: 'naming' }, abilities: {} },
      module: 'internal',
    });
    for (let tries = 1; ; tries += 1) {
      try {
        await this.request('HealthCheckRequest', { module: 'internal' });
        return;
      } catch (error) {
        if (!(error instanceof NacosError) || tries >= SETUP_TRIES) throw error;
        await clock.sleep(SETUP_PAUSE_MS, this.#ended.signal);
      }
    }
  }

  async #watchHealth(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        await clock.sleep(HEALTH_MS, signal);
        await this.request('HealthCheckRequest', { module: 'internal' });
      } catch (error) {
        this.#end(`it answers no health check: ${messageOf(error)}`);
      }
    }
  }

  #headers(path: string): Record<string, string> {
    return { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  }

  #openStream(): void {
    const stream = this.#session.request(this.#headers('/BiRequestStream/requestBiStream'));
    this.#stream = stream;
    const frames = new GrpcFrames();
    stream.on('data', (bytes: Buffer) => {
      try {
        for (const message of frames.take(bytes)) this.#take(decodePayload(message));
      } catch (error) {
        this.#end(`it pushed something unreadable: ${messageOf(error)}`);
      }
    });
    stream.on('error', (error: Error) => this.#end(error.message));
    stream.on('close', () => this.#end('the server ended the stream'));
  }

  /** A push that is not answered comes again, and later the server drops the connection. */
  #take(push: NacosPayload): void {
    this.#say(push.type.replace(/Request$/, 'Response'), { resultCode: SUCCESS, requestId: push.body.requestId });
    if (push.type === 'ConnectResetRequest') this.#end('the server asked for another connection');
    else this.#options.pushed(push);
  }

  #say(type: string, body: Readonly<Record<string, unknown>>): void {
    this.#stream?.write(grpcFrame(encodePayload({ type, headers: this.#options.headers(), body })));
  }

  async #unary(message: Buffer, limitMs: number): Promise<Buffer> {
    if (this.#ended.signal.aborted) throw new Error('the connection has ended');
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const stream = this.#session.request(this.#headers('/Request/request'));
    const frames = new GrpcFrames();
    stream.setTimeout(limitMs, () => {
      reject(new Error(`no answer within ${limitMs} ms`));
      stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.on('data', (bytes: Buffer) => {
      try {
        for (const answer of frames.take(bytes)) resolve(answer);
      } catch (error) {
        reject(error);
      }
    });
    stream.on('trailers', (trailers) => reject(new Error(String(trailers['grpc-message'] ?? 'it gave no answer'))));
    stream.on('error', reject);
    stream.on('close', () => reject(new Error('the request was ended without an answer')));
    stream.end(grpcFrame(message));
    return await promise;
  }
}
