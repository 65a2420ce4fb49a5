/** Real programs of weir, scraped by a real Prometheus: dashboard, rules, remote write, and the gate of a release. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { envoyBinary } from '../../scripts/setup/envoy.ts';
import { nodeExporterBinary, prometheusBinary } from '../../scripts/setup/prometheus.ts';
import { DASHBOARD_ROWS } from '../../src/monitoring/dashboard/panels.ts';
import { AgentLab } from '../e2e/discovery/agent-lab.ts';
import { LAB_ETCD, startEtcd } from '../e2e/fleet/lab-etcd.ts';
import { LAB_UIDS } from '../e2e/lab/lab.ts';
import { WEIR_BIN } from '../run-weir.ts';

const LIMIT_MS = 120_000;

// biome-ignore lint/suspicious/noExplicitAny: results differ by command, and tests look into them at will.
type Json = any;

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

class MonitoringLab {
  readonly agent: AgentLab;
  readonly textfiles: string;
  readonly fleetConfig: string;

  constructor(agent: AgentLab) {
    this.agent = agent;
    this.textfiles = join(agent.lab.folder, 'textfiles');
    this.fleetConfig = join(agent.lab.folder, 'fleet.yaml');
    mkdirSync(this.textfiles);
  }

  prom(name: string): readonly string[] {
    return ['--metrics-file', join(this.textfiles, `weir-${name}.prom`)];
  }

  file(name: string, text: string): string {
    const path = join(this.agent.lab.folder, name);
    writeFileSync(path, text);
    return path;
  }

  async fleet(...args: readonly string[]): Promise<{ readonly code: number | null; readonly json: Json }> {
    return await this.agent.weir.inside(['fleet', ...args, '--fleet-config', this.fleetConfig]);
  }

  /** The answer of Prometheus' API; a path of the second one begins with its port. */
  async ask(path: string, port = 9090): Promise<Json> {
    const { stdout } = await this.agent.lab.client.sh(
      `curl -s -g --max-time 5 http://127.0.0.1:${port}/api/v1/${path}`,
    );
    return JSON.parse(stdout || '{}').data ?? {};
  }

  async query(expr: string, port = 9090): Promise<readonly Series[]> {
    return (await this.ask(`query?query=${encodeURIComponent(expr)}`, port)).result ?? [];
  }

  /** The rows of a panel with one query. */
  async panel(title: string): Promise<readonly Series[]> {
    const found = DASHBOARD_ROWS.flatMap(({ panels }) => panels).find((panel) => panel.title === title);
    const [query] = found?.queries ?? [];
    return query === undefined ? [] : await this.query(query.expr.replaceAll('$region', '.*'));
  }

  async until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      if (Date.now() > deadline) throw new Error(`gave up waiting for ${what}`);
      await sleep(500);
    }
  }
}

async function openLab(t: TestContext): Promise<MonitoringLab> {
  const apps = {
    shop: { select: { user: LAB_UIDS.app }, sidecar: 'main', consumes: { apps: ['orders'] }, lease: '10s' },
  };
  const agent = await AgentLab.open('monitoring', t, { more: JSON.stringify({ apps }) });
  const lab = new MonitoringLab(agent);
  await startEtcd(agent.lab);
  lab.file(
    'fleet.yaml',
    JSON.stringify({
      apiVersion: 'weir.dev/v1',
      regions: { east: { etcd: { endpoints: [LAB_ETCD] } } },
      host: { region: 'east', name: 'host-1' },
    }),
  );
  await agent.provider(20_880);
  await agent.startAgent(...lab.prom('discovery'));
  await agent.status(({ serving }: Json) => serving !== false);
  await agent.startSidecar(...lab.prom('main'));
  const fleetFlags = ['--fleet-config', lab.fleetConfig];
  agent.weir.start(['host', 'run', ...fleetFlags, ...lab.prom('host')]);
  agent.lab.start(agent.lab.client, [
    ...[process.execPath, WEIR_BIN, 'operator', 'run', '--region', 'east', ...fleetFlags, ...lab.prom('operator')],
  ] as [string, ...string[]]);
  await startPrometheus(lab);
  return lab;
}

/** node_exporter, Prometheus with weir's rules, and a second Prometheus as the receiver of remote write. */
async function startPrometheus(lab: MonitoringLab): Promise<void> {
  const { agent } = lab;
  const folder = agent.lab.folder;
  const receiver = 'http://127.0.0.1:9091/api/v1/write';
  const written = await agent.weir.inside(['metrics', 'rules', '--out', folder, '--remote-write', receiver]);
  assert.equal(written.code, 0);
  const scrape = { job_name: 'node', scrape_interval: '1s', static_configs: [{ targets: ['127.0.0.1:9100'] }] };
  const remote = parse(readFileSync(join(folder, 'remote-write.yml'), 'utf8'));
  const config = {
    global: { evaluation_interval: '1s' },
    rule_files: ['weir-rules.yml'],
    scrape_configs: [scrape],
    ...remote,
  };
  const own = lab.file('prometheus.yml', JSON.stringify(config));
  const other = lab.file('receiver.yml', '{}');
  const start = (argv: readonly string[]) => agent.lab.start(agent.lab.client, argv as [string, ...string[]]);
  const collector = `--collector.textfile.directory=${lab.textfiles}`;
  start([
    ...[await nodeExporterBinary(), '--collector.disable-defaults', '--collector.textfile', collector],
    '--web.listen-address=127.0.0.1:9100',
  ]);
  const prometheus = async (file: string, port: number, ...flags: string[]) =>
    start([
      ...[await prometheusBinary(), `--config.file=${file}`, `--storage.tsdb.path=${join(folder, `tsdb-${port}`)}`],
      ...[`--web.listen-address=127.0.0.1:${port}`, ...flags],
    ]);
  await prometheus(other, 9091, '--web.enable-remote-write-receiver');
  await prometheus(own, 9090);
}

function release(name: string, envoy: { readonly binary: string; readonly sha256: string }, gate: object): string {
  return JSON.stringify({
    ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name } },
    spec: {
      ...{ sidecar: 'main', version: { name, ...envoy }, waves: [{ percent: 100 }], timeout: '2m' },
      gates: [
        { type: 'hosts', maxFailed: 0 },
        { type: 'prometheus', url: 'http://127.0.0.1:9090', ...gate },
      ],
    },
  });
}

test('metrics of real programs', { timeout: 400_000 }, async (suite) => {
  const lab = await openLab(suite);

  await suite.test(
    'a release waits for a gate without an answer, ends at one that holds, stops with an alert at one that breaks, and is undone',
    async () => {
      const policy = { apps: ['shop'], rules: [{ state: 'on' }] };
      const on = lab.file(
        'policy.yaml',
        JSON.stringify({ apiVersion: 'weir.dev/v1', kind: 'MeshPolicy', metadata: { name: 'shop' }, spec: policy }),
      );
      assert.equal((await lab.fleet('apply', on)).code, 0);
      const status = await lab.fleet('status', '--wait');
      assert.equal(status.code, 0, JSON.stringify(status.json));
      const binary = join(lab.agent.lab.folder, 'envoy-old');
      cpSync(envoyBinary('1.39.3'), binary);
      const sha256 = createHash('sha256').update(readFileSync(binary)).digest('hex');
      const until = async (name: string, wanted: (rollout: Json) => boolean) =>
        await lab.until(`${name} of the release`, async () => {
          const { json } = await lab.fleet('rollout', 'status', name);
          const [rollout] = json.result?.rollouts ?? [];
          return rollout !== undefined && wanted(rollout) ? rollout : null;
        });
      const start = async (name: string, gate: object) => {
        assert.equal(
          (await lab.fleet('apply', lab.file('release.yaml', release(name, { binary, sha256 }, gate)))).code,
          0,
        );
        const started = await lab.fleet('rollout', 'start', name);
        assert.equal(started.code, 0, JSON.stringify(started.json));
      };
      await start('waits', { query: 'weir_no_such_series', max: 1 });
      await until('waits', ({ waves }) => waves[0].done === 1);
      await sleep(2_000);
      assert.deepEqual((await until('waits', () => true)).state, 'running');
      assert.equal((await lab.fleet('rollout', 'abort', 'waits')).code, 0);
      await start('holds', { query: 'max(weir_sidecar_bypassed)', max: 0.5, for: '3s' });
      await until('holds', ({ state }) => state === 'done');
      await start('breaks', { query: 'count(weir_sidecar_info)', max: 0 });
      const { reason } = await until('breaks', ({ state }) => state === 'stopped');
      assert.match(reason, /gate count\(weir_sidecar_info\): 1 is more than 0/);
      const alert = await lab.until('its alert', async () => {
        const { alerts = [] } = await lab.ask('alerts');
        return alerts.find(({ labels }: Json) => labels.alertname === 'WeirRolloutStopped') ?? null;
      });
      assert.deepEqual([alert.state, alert.labels.release], ['firing', 'breaks']);
      assert.match(alert.annotations.runbook_url, /^docs\/guide\/alerts.md#weir/);
      await lab.until('its line on the dashboard', async () => {
        const rows = await lab.panel('What fires');
        return rows.some(({ metric }) => metric.alertname === 'WeirRolloutStopped') ? true : null;
      });
      const [state] = await lab
        .panel('Releases')
        .then((rows) => rows.filter(({ metric }) => metric.release === 'breaks'));
      assert.deepEqual([state?.metric.state, state?.value[1]], ['stopped', '1']);
      assert.equal((await lab.fleet('rollout', 'undo', 'breaks')).code, 0);
      await until('breaks', ({ state }) => state === 'undone');
    },
  );

  await suite.test('every query of the dashboard has data, and no rule fails', async (t) => {
    // A change of the registry, so that there is a convergence.
    await lab.agent.provider(20_881);
    const panels = DASHBOARD_ROWS.flatMap((row) => row.panels);
    const queries = panels.flatMap((panel) => (panel.whenEmpty === undefined ? panel.queries : []));
    let missing: readonly string[] = [];
    await lab
      .until('data', async () => {
        const empty: string[] = [];
        for (const { expr } of queries)
          if ((await lab.query(expr.replaceAll('$region', '.*'))).length === 0) empty.push(expr);
        missing = empty;
        return empty.length === 0 ? true : null;
      })
      .catch((error: unknown) => assert.deepEqual(missing, [], String(error)));
    for (const { expr } of queries) {
      const [first] = await lab.query(expr.replaceAll('$region', '.*'));
      t.diagnostic(`${expr} = ${first?.value[1]}`);
    }
    for (const { expr } of panels.flatMap((panel) => panel.queries)) {
      const { resultType } = await lab.ask(`query?query=${encodeURIComponent(expr.replaceAll('$region', '.*'))}`);
      assert.equal(resultType, 'vector', expr);
    }
    const { groups } = await lab.ask('rules');
    const rules = groups.flatMap((group: Json) => group.rules);
    assert.deepEqual(
      rules.filter(({ health }: Json) => health !== 'ok'),
      [],
    );
    assert.ok(rules.length > 30);
  });

  await suite.test("the receiver of remote write has weir's series and no others", async () => {
    await lab.until('a series', async () => ((await lab.query('weir_sidecar_info', 9091)).length > 0 ? true : null));
    const names: readonly string[] = await lab.ask('label/__name__/values', 9091);
    const others = names.filter((name) => !/^(weir[_:]|node_textfile_mtime_seconds$|ALERTS$)/.test(name));
    assert.deepEqual(others, []);
    assert.deepEqual(await lab.query('ALERTS{alertname!~"Weir.*"}', 9091), []);
    assert.ok(names.length > 20);
  });

  await suite.test(
    'what somebody switched off by hand is in the table of what is not as the fleet wants it',
    async () => {
      assert.equal((await lab.agent.weir.inside(['off', 'shop', '--reason', 'test'])).code, 0);
      const row = await lab.until(
        'the row',
        async () => (await lab.panel('Where it is not as the fleet wants it'))[0] ?? null,
      );
      assert.deepEqual([row.metric.app, row.value[1]], ['shop', '1']);
      assert.equal((await lab.agent.weir.inside(['host', 'follow', 'shop'])).code, 0);
    },
  );

  await suite.test('the red button has its series', async () => {
    assert.equal((await lab.fleet('off', '--all', '--wait', '--reason', 'test')).code, 0);
    await lab.until('the button', async () => {
      const [button] = await lab.query('weir_fleet_red_button == 1');
      return button ?? null;
    });
  });
});
