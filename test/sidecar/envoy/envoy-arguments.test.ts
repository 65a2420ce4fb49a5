/** Envoy's command line. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { countCutRequests } from '../../../src/sidecar/envoy/cut-requests.ts';
import { envoyArguments, sidecarBaseId } from '../../../src/sidecar/envoy/envoy-arguments.ts';
import { coldStartBackOffMs } from '../../../src/sidecar/machine/timing.ts';

describe('the command line of Envoy', () => {
  it('drains at once, ends the drain before the timer, and names every number that Envoy would choose itself', () => {
    const args = envoyArguments({
      bootstrap: '/b.yaml',
      baseId: 42,
      generation: { id: 3, epoch: 2, variant: 0, pair: 'p' },
      concurrency: 1,
      drainMs: 15_000,
      nonceFile: '/run/g3.admin',
      logFile: '/run/envoy.log',
      more: [],
    });
    const value = (flag: string) => args[args.indexOf(flag) + 1];
    assert.deepEqual(
      ['--base-id', '--restart-epoch', '--concurrency', '--drain-strategy', '--drain-time-s'].map(value),
      ['42', '2', '1', 'immediate', '14'],
    );
    assert.ok(Number(value('--parent-shutdown-time-s')) > 15);
    assert.ok(args.every((word) => !word.includes('=')));
  });
});

describe('the base-id of a sidecar', () => {
  it('times ten stays below 2^31, so that all of its names agree, and differs between the variants', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, dir) => {
        const [a, b] = [sidecarBaseId(name, dir, 0), sidecarBaseId(name, dir, 1)];
        return b === a + 1 && a >= 0 && b * 10 + 9 < 2 ** 31;
      }),
    );
  });

  it('depends on name and run directory', () => {
    const ids = [sidecarBaseId('a', '/run/x', 0), sidecarBaseId('b', '/run/x', 0), sidecarBaseId('a', '/run/y', 0)];
    assert.equal(new Set(ids).size, 3);
  });
});

describe('cold starts in a row', () => {
  it('come at once first, then ever later, and never more than 10 s apart', () => {
    assert.deepEqual([1, 2, 3, 4, 50].map(coldStartBackOffMs), [0, 500, 1000, 2000, 10_000]);
  });
});

describe('cut requests in an access log', () => {
  it('are the ones that Envoy itself disconnected, and no others', () => {
    const log = [
      '{"code":200,"flags":"-","details":"via_upstream"}',
      '{"code":0,"flags":"DC","details":"downstream_remote_disconnect"}',
      '{"code":0,"flags":"DC","details":"downstream_local_disconnect(shutdown)"}',
    ].join('\n');
    assert.equal(countCutRequests(log, []), 1);
  });

  it('are also those of the clients whose connections weir cut, by the whole address', () => {
    const log = ['127.0.0.1:5000', '127.0.0.1:50', '[::1]:5000', '10.0.0.1:9']
      .map((peer) => `{"details":"downstream_remote_disconnect","peer":"${peer}"}`)
      .join('\n');
    assert.equal(countCutRequests(log, []), 0);
    assert.equal(countCutRequests(log, ['127.0.0.1:5000', '[::1]:5000', '127.0.0.1:5']), 2);
  });
});
