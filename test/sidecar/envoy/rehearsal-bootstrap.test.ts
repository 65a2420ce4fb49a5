/** The bootstrap of a rehearsal reaches nothing that serves, and everything that it asks. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { protoMessages, protoPath } from '../../../src/sidecar/envoy/proto-json.ts';
import { type RehearsalForward, rehearsalBootstrap } from '../../../src/sidecar/envoy/rehearsal-bootstrap.ts';

const tcp = (address: string, port_value: number | string) => ({ socket_address: { address, port_value } });
const cluster = (type: string, address: object) => ({
  name: 'up',
  type,
  load_assignment: { endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
});

interface Rewritten {
  readonly content: Record<string, unknown>;
  readonly forwards: readonly RehearsalForward[];
}

function rewrite(root: object): Rewritten {
  const before = JSON.stringify(root);
  const rewritten = rehearsalBootstrap(root, '/run/r');
  assert.equal(JSON.stringify(root), before);
  if ('problem' in rewritten) throw new Error(rewritten.problem);
  return { content: rewritten.content as Record<string, unknown>, forwards: rewritten.forwards };
}

const endpointOf = (content: object) =>
  protoPath(content, 'static_resources', 'clusters', '0', 'load_assignment', 'endpoints', '0', 'lb_endpoints', '0') ??
  // Lists are no messages for `protoPath`.
  [...protoMessages(content)].find((one) => 'endpoint' in (one as object));

describe('the bootstrap of a rehearsal', () => {
  test('has an admin of its own, and says nothing to others on behalf of the node', () => {
    const { content } = rewrite({
      admin: { address: { pipe: { path: '/run/weir/main/admin.sock' } } },
      statsSinks: [{}],
      hds_config: {},
      clusterManager: { load_stats_config: {}, local_cluster_name: 'a' },
    });
    assert.deepEqual(content, {
      admin: { address: { pipe: { path: '/run/r/admin.sock' } } },
      clusterManager: { local_cluster_name: 'a' },
    });
  });

  test('keeps TCP listeners, and moves those on Unix sockets, which it would take from the process that serves', () => {
    const pipe = { pipe: { path: '/run/app.sock' } };
    const { content } = rewrite({
      static_resources: {
        listeners: [
          { address: tcp('127.0.0.1', 80) },
          { address: pipe, additional_addresses: [{ address: pipe }, { address: tcp('::1', '81') }] },
        ],
      },
    });
    assert.doesNotMatch(JSON.stringify(content), /app\.sock/);
    const text = JSON.stringify(content);
    for (const kept of ['"port_value":80', '"port_value":"81"', 'in0.sock', 'in1.sock'])
      assert.ok(text.includes(kept), text);
  });

  test('reaches each server of a static cluster by a Unix socket; names are left to weir', () => {
    for (const type of ['STATIC', 'STRICT_DNS', 'LOGICAL_DNS']) {
      const { content, forwards } = rewrite({
        static_resources: { clusters: [cluster(type, tcp('xds.example', '18000'))] },
      });
      assert.deepEqual(forwards, [{ socket: '/run/r/out0.sock', host: 'xds.example', port: 18_000 }]);
      const { endpoint } = endpointOf(content) as { endpoint: object };
      const name = type === 'STATIC' ? {} : { hostname: 'xds.example' };
      assert.deepEqual(endpoint, { address: { pipe: { path: '/run/r/out0.sock' } }, ...name });
      assert.match(JSON.stringify(content), /"type":"STATIC"/);
    }
  });

  test('one server has one socket, in either spelling of the fields', () => {
    const camel = { socketAddress: { address: '127.0.0.1', portValue: 9000 } };
    const clusters = [cluster('STATIC', tcp('127.0.0.1', 9000)), { ...cluster('STATIC', camel), name: 'other' }];
    const { content, forwards } = rewrite({ staticResources: { clusters } });
    assert.equal(forwards.length, 1);
    assert.doesNotMatch(JSON.stringify(content), /9000/);
  });

  test('leaves clusters alone whose addresses come with the connection or from elsewhere', () => {
    for (const type of ['ORIGINAL_DST', 'EDS']) {
      const given = { static_resources: { clusters: [cluster(type, tcp('10.0.0.1', 1))] } };
      const { content, forwards } = rewrite(given);
      assert.deepEqual([content.static_resources, forwards], [given.static_resources, []]);
    }
  });

  test('is not made where a start would touch what serves, or could prove nothing', () => {
    const elsewhere = { socket_address: { network_namespace_filepath: '/run/netns/a', address: '::1', port_value: 1 } };
    for (const [root, says] of [
      [{ static_resources: { listeners: [{ address: elsewhere }] } }, /network namespace/],
      [{ dynamic_resources: { ads_config: { grpcServices: [{ googleGrpc: {} }] } } }, /google_grpc/],
      [null, /not YAML/],
    ] as const) {
      const rewritten = rehearsalBootstrap(root, '/run/r');
      assert.match('problem' in rewritten ? rewritten.problem : '', says);
    }
  });

  test('no TCP address of a static cluster is left, whatever is around it', () => {
    const address = fc.oneof(
      fc.record({ address: fc.ipV4(), port_value: fc.integer({ min: 1, max: 65_535 }) }),
      fc.record({ address: fc.domain(), portValue: fc.integer({ min: 1, max: 65_535 }).map(String) }),
    );
    const type = fc.constantFrom('STATIC', 'STRICT_DNS', 'LOGICAL_DNS', undefined);
    const clusters = fc.array(fc.tuple(type, fc.array(address, { maxLength: 3 })), { maxLength: 4 });
    fc.assert(
      fc.property(clusters, (given) => {
        const root = {
          static_resources: {
            clusters: given.map(([kind, addresses], index) => ({
              name: `c${index}`,
              ...(kind === undefined ? {} : { type: kind }),
              load_assignment: {
                endpoints: [
                  { lb_endpoints: addresses.map((one) => ({ endpoint: { address: { socket_address: one } } })) },
                ],
              },
            })),
          },
        };
        const { content, forwards } = rewrite(root);
        assert.ok(![...protoMessages(content)].some((one) => 'socket_address' in (one as object)));
        const wanted = new Set(
          given.flatMap(([, all]) =>
            all.map((one) => `${one.address} ${Number('port_value' in one ? one.port_value : one.portValue)}`),
          ),
        );
        assert.deepEqual(new Set(forwards.map(({ host, port }) => `${host} ${port}`)), wanted);
        assert.equal(new Set(forwards.map(({ socket }) => socket)).size, forwards.length);
      }),
    );
  });
});
