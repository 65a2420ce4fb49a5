/** When the metrics of a supervisor are written, and what they claim when something cannot be looked up. */
import assert from 'node:assert/strict';
import { type Mock, mock, test } from 'node:test';
import { type MetricsPorts, MetricsPublisher } from '../../../src/sidecar/metrics/publish-metrics.ts';
import { SidecarMetrics } from '../../../src/sidecar/metrics/sidecar-metrics.ts';

const SERVING = { id: 1, epoch: 3, pair: 'p1' };
const APP = { name: 'payment', state: 'on', connections: { proxied: 2, direct: 0 }, lease: null } as const;

/** A supervisor whose sidecar serves. */
const SUPERVISOR = {
  host: { pairs: { read: async () => ({ version: '1.40.0' }) }, activeConnections: async () => 12 },
  specs: { of: () => ({}) },
  machine: { state: { name: 'idle', serving: SERVING }, lost: null },
  readiness: { state: 'ready' },
  asked: async () => {},
};

interface Published {
  readonly publisher: MetricsPublisher;
  readonly texts: string[];
  readonly warnings: string[];
  readonly remove: Mock<() => Promise<void>>;
  /** Lets time pass, and everything that was due happen. */
  readonly pass: (ms: number) => Promise<void>;
}

async function publishing(ports: Partial<MetricsPorts>, act: (published: Published) => Promise<void>): Promise<void> {
  const [texts, warnings]: [string[], string[]] = [[], []];
  const remove = mock.fn(async () => {});
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const publisher = new MetricsPublisher(new SidecarMetrics('main', 0), {
      write: async (text) => void texts.push(text),
      remove,
      apps: async () => [APP],
      residentBytes: () => 64,
      warn: (text) => warnings.push(text),
      ...ports,
    });
    publisher.start(SUPERVISOR as never);
    const pass = async (ms: number): Promise<void> => {
      mock.timers.tick(ms);
      await new Promise((resolve) => setImmediate(resolve));
    };
    await act({ publisher, texts, warnings, remove, pass });
  } finally {
    mock.timers.reset();
  }
}

test('events of one moment end up in one write, and it is written again every ten seconds', () =>
  publishing({}, async ({ publisher, texts, pass }) => {
    publisher.soon();
    publisher.soon();
    await pass(100);
    assert.equal(texts.length, 1);
    assert.match(texts[0] ?? '', /version="1\.40\.0"/);
    assert.match(texts[0] ?? '', /weir_interception.*payment/);
    await pass(9_999);
    assert.equal(texts.length, 1);
    await pass(1);
    assert.equal(texts.length, 2);
  }));

test('applications that cannot be looked up are left out, and the reason is said once', () => {
  const apps = async () => {
    throw new Error('nft is missing');
  };
  return publishing({ apps }, async ({ texts, warnings, pass }) => {
    await pass(100);
    await pass(10_000);
    assert.equal(texts.length, 2);
    assert.doesNotMatch(texts[0] ?? '', /weir_interception/);
    assert.deepEqual(warnings, ['interception is not in the metrics: nft is missing']);
  });
});

test('a write that fails is told and tried again', () => {
  let tries = 0;
  const write = async () => {
    tries += 1;
    throw new Error('ENOSPC');
  };
  return publishing({ write }, async ({ warnings, pass }) => {
    await pass(100);
    await pass(10_000);
    assert.equal(tries, 2);
    assert.deepEqual(warnings, ['the metrics could not be written: ENOSPC']);
  });
});

test('a stopped publisher takes its text away and writes no more, until another supervisor begins', () =>
  publishing({}, async ({ publisher, texts, remove, pass }) => {
    await pass(100);
    await publisher.stop();
    assert.equal(remove.mock.callCount(), 1);
    publisher.soon();
    await pass(20_000);
    assert.equal(texts.length, 1);
    publisher.start(SUPERVISOR as never);
    await pass(100);
    assert.equal(texts.length, 2);
  }));
