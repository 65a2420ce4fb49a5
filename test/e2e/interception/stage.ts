/** A lab with weir, a sidecar, an upstream and two applications. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Backend } from '../../../src/interception/backend.ts';
import { until } from '../../until.ts';
import { type LabSidecar, startEnvoy } from '../lab/envoy.ts';
import { type FakeProxyOptions, startFakeProxy } from '../lab/fake-proxy.ts';
import { LAB_ADDRESSES, LAB_UIDS, type Lab, makeLab } from '../lab/lab.ts';
import {
  type Load,
  type Streams,
  startHttpUpstream,
  startLoad,
  startStreamServer,
  startStreams,
} from '../lab/traffic.ts';
import { installWeir, type LabWeir } from '../lab/weir.ts';

/** Where the upstream answers HTTP, and where it sends numbered lines. */
export const PORTS = { http: 8080, stream: 9000 } as const;

/** Every back end that is tested. */
export const BACKENDS: readonly Backend[] = ['nft', 'iptables-nft', 'iptables-legacy'];

/** A lab with weir, a sidecar, an upstream and mesh.yaml for the applications `payment` and `report`. */
export interface Stage {
  readonly lab: Lab;
  readonly weir: LabWeir;
  readonly sidecar: LabSidecar;
  readonly mesh: Record<string, unknown>;
  /** Ways that a few new connections of an account go. */
  routes(uid: number, family?: 4 | 6): Promise<{ direct: number; proxy: number; failed: number }>;
  streams(uid: number, count?: number): Promise<Streams>;
  load(uid: number, ratePerSecond: number, seconds: number): Promise<Load>;
  /** nft, iptables and ip6tables of both kinds as text, without counters. */
  listing(): Promise<string>;
}

/** How the stage differs. */
export interface StageOptions {
  /** The test whose end takes the stage down; without it the end of the test file does. */
  readonly test?: TestContext;
  /** `transparent`: an Envoy with transparent listeners, and `mode: tproxy` in mesh.yaml. */
  readonly sidecar?: 'envoy' | 'transparent' | FakeProxyOptions;
  /** Merged over the applications. */
  readonly apps?: Record<string, unknown>;
}

/** Sets the stage; it is torn down when the test ends. */
export async function setStage(name: string, { test, sidecar: kind = {}, apps = {} }: StageOptions): Promise<Stage> {
  const lab = await makeLab(name, test === undefined ? {} : { test });
  const weir = installWeir(lab);
  await Promise.all([startHttpUpstream(lab, { port: PORTS.http }), startStreamServer(lab, { port: PORTS.stream })]);
  const transparent = kind === 'transparent';
  const sidecar =
    kind === 'envoy' || transparent ? await startEnvoy(lab, { transparent }) : await startFakeProxy(lab, kind);
  const mode = transparent ? { mode: 'tproxy' } : {};
  const mesh = {
    apiVersion: 'weir.dev/v1',
    sidecars: { main: { user: LAB_UIDS.sidecar, outbound: 15_001, inbound: 15_006, ...mode, admin: sidecar.admin } },
    apps: {
      payment: { select: { user: LAB_UIDS.app }, sidecar: 'main' },
      report: { select: { user: LAB_UIDS.other }, sidecar: 'main' },
      ...apps,
    },
  };
  weir.configure(mesh);
  const host = (family: 4 | 6): string => (family === 4 ? LAB_ADDRESSES.upstream.ipv4 : LAB_ADDRESSES.upstream.ipv6);
  return {
    lab,
    weir,
    sidecar,
    mesh,
    async routes(uid, family = 4) {
      const load = await startLoad(lab, {
        host: host(family),
        port: PORTS.http,
        ratePerSecond: 20,
        seconds: 0.25,
        uid,
      });
      const { direct, proxy, failed } = await load.done();
      return { direct, proxy, failed: Object.values(failed).reduce((sum, count) => sum + count, 0) };
    },
    streams: (uid, count = 3) => startStreams(lab, { host: host(4), port: PORTS.stream, count, uid }),
    load: (uid, ratePerSecond, seconds) =>
      startLoad(lab, { host: host(4), port: PORTS.http, ratePerSecond, seconds, uid }),
    listing: () => listing(lab),
  };
}

async function listing(lab: Lab): Promise<string> {
  const texts: string[] = [];
  for (const tool of ['nft list ruleset', 'iptables-nft-save', 'ip6tables-nft-save']) {
    texts.push((await lab.client.sh(tool)).stdout);
  }
  for (const tool of ['iptables-legacy-save', 'ip6tables-legacy-save']) {
    // A legacy table cannot be unloaded once it was used: an empty one is no trace.
    const { stdout } = await lab.client.sh(tool);
    texts.push(stdout.replace(/^\*\w+\n(?::\w+ ACCEPT \[\d+:\d+\]\n)+COMMIT\n/gm, ''));
  }
  return texts
    .join('\n')
    .replace(/counter packets \d+ bytes \d+/g, 'counter')
    .replace(/\[\d+:\d+\]/g, '[]')
    .replace(/^#.*$\n?/gm, '')
    .trim();
}

/** Waits until new connections of an account all go one way. */
export async function untilRoute(stage: Stage, uid: number, way: 'direct' | 'proxy'): Promise<void> {
  let seen: unknown;
  const look = async () => {
    const ways = await stage.routes(uid);
    seen = ways;
    return ways[way] > 0 && ways.direct + ways.proxy + ways.failed === ways[way];
  };
  await until(`connections of uid ${uid} to go ${way}`, look, { tell: () => JSON.stringify(seen) });
}

/** Asserts that new connections of an account all go one way. */
export async function assertRoute(
  stage: Stage,
  uid: number,
  way: 'direct' | 'proxy',
  family: 4 | 6 = 4,
): Promise<void> {
  const seen = await stage.routes(uid, family);
  const other = way === 'direct' ? 'proxy' : 'direct';
  assert.ok(seen[way] > 0, `${JSON.stringify(seen)} of uid ${uid}, IPv${family}: ${way} expected`);
  assert.deepEqual([seen[other], seen.failed], [0, 0], `uid ${uid}, IPv${family}: ${way} expected`);
}
