/** Facts out of a bootstrap. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stringify } from 'yaml';
import { type BootstrapFacts, readBootstrapFacts } from '../../../src/sidecar/envoy/bootstrap-facts.ts';
import { controlPlanePatienceMs } from '../../../src/sidecar/envoy/control-plane-sources.ts';

const FILE_LOG = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';
const MANAGER = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const DETAILS = { log_format: { json_format: { details: '%RESPONSE_CODE_DETAILS%' } } };

function http(...loggers: readonly object[]) {
  return [{ filters: [{ typed_config: { '@type': MANAGER, stat_prefix: 'out', access_log: loggers } }] }];
}

function fileLog(path: string, more: object = DETAILS, filter?: object) {
  return { ...(filter === undefined ? {} : { filter }), typed_config: { '@type': FILE_LOG, path, ...more } };
}

function tcp(address: string, port: number | string, more: object = {}) {
  return { address: { socket_address: { address, port_value: port, ...more } } };
}

/** Protobuf's JSON names the same fields in camelCase. */
function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, child]) => [
    key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    camelCased(child),
  ]);
  return Object.fromEntries(entries);
}

async function facts(bootstrap: object): Promise<BootstrapFacts> {
  const read = await readBootstrapFacts(JSON.stringify(bootstrap));
  assert.ok(read !== null);
  return read;
}

async function listeners(...all: readonly object[]) {
  return (await facts({ static_resources: { listeners: all } })).listeners;
}

const WHOLE = {
  admin: {
    address: { pipe: { path: '/run/weir/main/admin.sock', mode: 384 } },
    access_log: [fileLog('/var/admin.log')],
  },
  static_resources: {
    listeners: [
      {
        name: 'out',
        ...tcp('127.0.0.1', 15_001),
        additional_addresses: [tcp('::1', '15001')],
        filter_chains: http(fileLog('/var/log/out.log')),
      },
      { name: 'udp', ...tcp('0.0.0.0', 53, { protocol: 'UDP' }) },
      { name: 'pipe', address: { pipe: { path: '/run/app.sock' } } },
    ],
  },
};

describe('reading a bootstrap', () => {
  it('finds the admin, every address of every listener, and the log files but the admin’s', async () => {
    const read = await facts(WHOLE);
    assert.equal(read.admin, 'unix:/run/weir/main/admin.sock');
    const bound = ['127.0.0.1:15001', '[::1]:15001', 'udp:0.0.0.0:53', 'unix:/run/app.sock'];
    assert.deepEqual(read.listeners.bound, bound);
    const files = ['/var/log/out.log'];
    assert.deepEqual(read.log, { files, counting: files, namesPeers: false, problem: null });
  });

  it('tells whether a log names the other end of a connection, and not what a header says of it', async () => {
    for (const [operator, names] of [
      ['%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%', true],
      ['%DOWNSTREAM_REMOTE_ADDRESS%', false],
    ] as const) {
      const format = { log_format: { text_format: `%RESPONSE_CODE_DETAILS% ${operator}` } };
      const chains = http(fileLog('/a', format));
      const read = await facts({ static_resources: { listeners: [{ ...tcp('::1', 1), filter_chains: chains }] } });
      assert.deepEqual([read.log.problem, read.log.namesPeers], [null, names]);
    }
  });

  it('reads YAML, JSON, snake_case and camelCase to the same facts', async () => {
    const read = await facts(WHOLE);
    for (const text of [stringify(WHOLE), JSON.stringify(camelCased(WHOLE)), stringify(camelCased(WHOLE))]) {
      assert.deepEqual(await readBootstrapFacts(text), read);
    }
  });

  it('takes a TCP admin, with the port as a number or a text', async () => {
    for (const port of [9901, '9901']) {
      assert.equal((await facts({ admin: tcp('127.0.0.1', port) })).admin, 'http://127.0.0.1:9901');
    }
  });

  it('gives null for what is no YAML, instead of guessing', async () => {
    assert.equal(await readBootstrapFacts('a: [b'), null);
    assert.equal(await readBootstrapFacts('plain words'), null);
  });
});

describe('the listeners of a bootstrap', () => {
  it('leaves out what binds nothing', async () => {
    const { bound } = await listeners(
      { name: 'virtual', ...tcp('127.0.0.1', 80), bind_to_port: false },
      { name: 'old virtual', ...tcp('127.0.0.1', 81), deprecated_v1: { bind_to_port: false } },
      { name: 'any', ...tcp('127.0.0.1', 0) },
      { name: 'inside', internal_listener: {} },
      { name: 'named', ...tcp('localhost', 82) },
    );
    assert.deepEqual(bound, []);
  });

  it('knows every spelling of an IPv6 address', async () => {
    for (const address of ['::1', '0:0:0:0:0:0:0:1', '0000::0001']) {
      assert.deepEqual((await listeners(tcp(address, 80))).bound, ['[::1]:80']);
    }
  });

  it('says which listeners are more than connections of plain TCP', async () => {
    const transparent = { name: 't', ...tcp('127.0.0.1', 80), transparent: true };
    const quic = {
      name: 'q',
      ...tcp('127.0.0.1', 443, { protocol: 'UDP' }),
      udp_listener_config: { quic_options: {} },
    };
    const away = { name: 'n', ...tcp('127.0.0.1', 80, { network_namespace_filepath: '/run/netns/x' }) };
    const more = { name: 'a', ...tcp('127.0.0.1', 81), additional_addresses: [{ address: { pipe: { path: '/x' } } }] };
    for (const one of [transparent, quic, away, more]) {
      const { uncountable, unseen } = await listeners(one);
      assert.deepEqual([uncountable.length, unseen.length], [1, one.name === 'a' ? 0 : 1], one.name);
    }
    assert.deepEqual((await listeners({ name: 'plain', ...tcp('::', 80) })).uncountable, []);
  });
});

describe('the access logs of a bootstrap', () => {
  const problemOf = async (...loggers: readonly object[]) =>
    (await facts({ static_resources: { listeners: [{ ...tcp('127.0.0.1', 80), filter_chains: http(...loggers) }] } }))
      .log.problem;

  it('count cut requests only where each one has a line with its details', async () => {
    assert.equal(await problemOf(fileLog('/a')), null);
    assert.equal(await problemOf(fileLog('/a', { log_format: { text_format: '%RESPONSE_CODE_DETAILS%' } })), null);
    assert.match(String(await problemOf()), /out has no file access log/);
    assert.match(String(await problemOf(fileLog('/a', {}))), /RESPONSE_CODE_DETAILS/);
    assert.match(String(await problemOf(fileLog('/a', DETAILS, { status_code_filter: {} }))), /without a filter/);
    assert.match(String(await problemOf(fileLog('/dev/stdout'))), /no file access log/);
  });

  it('cannot count where HTTP/3 is taken: the line of a cut request says nothing there', async () => {
    for (const codec of [{ codec_type: 'HTTP3' }, { codecType: 'HTTP3' }, { codec_type: 3 }]) {
      const chains = http(fileLog('/a'));
      Object.assign(chains[0]?.filters[0]?.typed_config ?? {}, codec);
      const all = [
        { ...tcp('127.0.0.1', 80), filter_chains: http(fileLog('/a')) },
        { ...tcp('::', 443), filter_chains: chains },
      ];
      const { log } = await facts({ static_resources: { listeners: all } });
      assert.match(String(log.problem), /out takes HTTP\/3/);
      assert.deepEqual(log.counting, []);
    }
  });

  it('cannot count where the control plane sends the listeners', async () => {
    const { log } = await facts({ ...WHOLE, dynamic_resources: { lds_config: { ads: {} } } });
    assert.match(String(log.problem), /control plane/);
    assert.deepEqual(log.counting, []);
  });
});

describe('the control plane of a bootstrap', () => {
  const source = (timeout?: string) => ({
    ads: {},
    ...(timeout === undefined ? {} : { initial_fetch_timeout: timeout }),
  });

  it('is waited for less long than Envoy itself waits', async () => {
    const patience = async (resources: object) => controlPlanePatienceMs((await facts(resources)).sources, false);
    assert.equal(await patience({}), null);
    assert.equal(await patience({ dynamic_resources: { cds_config: source() } }), 10_500);
    assert.equal(await patience({ dynamic_resources: { cds_config: source(), lds_config: source('2s') } }), 1400);
    assert.equal(await patience({ dynamicResources: { cdsConfig: { ads: {}, initialFetchTimeout: '0.5s' } } }), 350);
    const cluster = { eds_cluster_config: { eds_config: source('4s') } };
    assert.equal(await patience({ static_resources: { clusters: [cluster] } }), 2800);
  });

  it('is waited for without an end where Envoy does so, until it has sent something', async () => {
    const { sources } = await facts({ dynamic_resources: { cds_config: source('0s') } });
    assert.equal(controlPlanePatienceMs(sources, false), null);
    assert.equal(controlPlanePatienceMs(sources, true), 10_500);
  });
});
