/** Aggregated discovery over gRPC on unix sockets and addresses: HTTP/2 by Node, gRPC's frames by hand. */
import { chmod, chown, rename, rm, stat } from 'node:fs/promises';
import { createServer, type Http2Session, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { dirname } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { DiscoverySocket } from '../../mesh/discovery-sockets.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import type { AdsListener, AdsPlace, AdsServer } from '../ports.ts';
import { readDeltaRequest } from '../xds/delta-messages.ts';
import { GrpcFrames, grpcFrame } from '../xds/grpc-frames.ts';
import { readSotwRequest } from '../xds/sotw-messages.ts';

/** A variant of xDS: what changed, or the state of the world each time. */
export type XdsVariant = 'delta' | 'sotw';

const SERVICE = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const METHODS: Readonly<Record<XdsVariant, string>> = {
  delta: `${SERVICE}/DeltaAggregatedResources`,
  sotw: `${SERVICE}/StreamAggregatedResources`,
};

/** Codes of gRPC. */
const STATUS = { ok: 0, invalidArgument: 3, failedPrecondition: 9, unimplemented: 12 } as const;

/**
 * Serves sockets, each with mode 0600, and addresses, which anybody may ask who reaches them. A socket is bound under a name of its own and renamed into place with its owner, so that a
 * former agent's file is replaced at once and nobody else can ever connect. Throws WEIR6008.
 */
export async function serveAds(
  places: readonly AdsPlace[],
  listener: AdsListener,
  variants: readonly XdsVariant[] = ['delta'],
): Promise<AdsServer> {
  let numbers = 0;
  const nextNumber = () => {
    numbers += 1;
    return numbers;
  };
  const servers: AdsServer[] = [];
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
  try {
    for (const place of places) servers.push(await servePlace(place, variants, listener, nextNumber));
  } catch (error) {
    await close();
    throw new WeirError('WEIR6008', {
      what: `${places.map(placeText).join(', ')} cannot be served`,
      why: messageOf(error),
      hint: 'give weir that folder or port, or name another one (`discovery.socket` in mesh.yaml, `--listen`)',
      cause: error,
    });
  }
  return {
    places: places.map(placeText),
    write: (stream, message) => servers.some((server) => server.write(stream, message)),
    end: (stream, why) => {
      for (const server of servers) server.end(stream, why);
    },
    close,
  };
}

async function servePlace(
  place: AdsPlace,
  variants: readonly XdsVariant[],
  listener: AdsListener,
  nextNumber: () => number,
): Promise<AdsServer> {
  const streams = new Map<number, ServerHttp2Stream>();
  const sessions = new Set<Http2Session>();
  const server = createServer({ settings: { initialWindowSize: 1 << 20 } });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => stream.destroy());
    const variant = variants.find((one) => METHODS[one] === headers[':path']);
    if (variant === undefined) {
      refuse(stream, STATUS.unimplemented, `only ADS is served here, as ${variants.join(' or ')}`);
      return;
    }
    const read = variant === 'delta' ? readDeltaRequest : readSotwRequest;
    const number = nextNumber();
    streams.set(number, stream);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => sendTrailers(stream, STATUS.ok, ''));
    const frames = new GrpcFrames();
    listener.opened(number);
    stream.on('data', (bytes: Buffer) => {
      try {
        for (const message of frames.take(bytes)) listener.request(number, read(message));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        end(number, error.message, STATUS.invalidArgument);
      }
    });
    stream.on('end', () => stream.end());
    stream.on('close', () => {
      streams.delete(number);
      listener.closed(number);
    });
  });
  const end = (number: number, why: string, status: number = STATUS.failedPrecondition) => {
    const stream = streams.get(number);
    if (stream === undefined || stream.destroyed) return;
    stream.removeAllListeners('wantTrailers');
    stream.on('wantTrailers', () => sendTrailers(stream, status, why));
    stream.end();
  };
  await listen(server, place);
  const path = 'path' in place ? place.path : null;
  const ino = path === null ? null : (await stat(path)).ino;
  return {
    places: [placeText(place)],
    write(number, message) {
      const stream = streams.get(number);
      if (stream === undefined || stream.destroyed || stream.writableEnded) return false;
      stream.write(grpcFrame(message));
      return true;
    },
    end,
    async close() {
      server.close();
      // The file may be that of an agent that has taken over.
      const there = path === null ? null : await stat(path).catch(nullIfMissing);
      if (path !== null && there?.ino === ino) await rm(path, { force: true });
      for (const session of sessions) session.destroy();
    },
  };
}

function placeText(place: AdsPlace): string {
  return 'path' in place ? place.path : `${place.host.includes(':') ? `[${place.host}]` : place.host}:${place.port}`;
}

async function listen(server: ReturnType<typeof createServer>, place: AdsPlace): Promise<void> {
  if ('path' in place) return await bind(server, place);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(place.port, place.host, resolve);
  await promise;
  server.off('error', reject);
  server.on('error', () => undefined);
}

async function bind(server: ReturnType<typeof createServer>, { path, uid, gid }: DiscoverySocket): Promise<void> {
  await makeFolder(dirname(path));
  const own = `${path}.${process.pid}`;
  await rm(own, { force: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  const umask = process.umask(0o177);
  try {
    server.listen(own, resolve);
    await promise;
  } finally {
    process.umask(umask);
    server.off('error', reject);
  }
  server.on('error', () => undefined);
  await chmod(own, 0o600);
  if (uid !== null || gid !== null) await chown(own, uid ?? process.getuid?.() ?? 0, gid ?? process.getgid?.() ?? 0);
  await rename(own, path);
}

function refuse(stream: ServerHttp2Stream, status: number, why: string): void {
  const trailers = { 'grpc-status': String(status), 'grpc-message': why };
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true });
}

function sendTrailers(stream: ServerHttp2Stream, status: number, why: string): void {
  if (stream.destroyed) return;
  stream.sendTrailers({
    'grpc-status': String(status),
    ...(why === '' ? {} : { 'grpc-message': encodeURIComponent(why) }),
  });
}
