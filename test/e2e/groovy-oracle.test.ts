/** `weir rules verify --oracle groovy` with real Groovy. */
import assert from 'node:assert/strict';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import type { GroovyOracle } from '../../src/rules/adapters/oracle/groovy-oracle.ts';
import { readRuleFile } from '../../src/rules/read/read-rule-file.ts';
import type { EngineUse } from '../../src/rules/report/engine-use.ts';
import { type FixtureCase, fixtureCases } from '../fakes/fixture-cases.ts';
import { startTestOracle } from '../oracle/groovy/groovy-oracle.ts';
import { PROJECT_ROOT, runWeirBin } from '../run-weir.ts';

const FIXTURE = join(PROJECT_ROOT, 'test/fixtures/groovy/23-user-modulo');
const CASE = join(FIXTURE, 'case.json');

interface Verified {
  readonly warnings: readonly string[];
  readonly result: {
    readonly scripts: readonly {
      readonly rules: readonly {
        readonly verdict: string;
        readonly state: string;
        readonly oracle?: { readonly asked: number; readonly equal: number; readonly differences: readonly object[] };
      }[];
    }[];
  };
}

describe('weir rules verify --oracle groovy', { timeout: 120_000 }, () => {
  let folder = '';
  /** The documents of the fixture, converted once. */
  let documents = '';
  /** One process for the tests that do not end it: to start one takes longer than to ask it a hundred times. */
  let started: Promise<GroovyOracle> | undefined;
  const oracleOfAll = (): Promise<GroovyOracle> => {
    started ??= startTestOracle();
    return started;
  };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'weir-oracle-'));
    documents = join(folder, 'documents');
    const script = join(FIXTURE, 'rule.groovy');
    const { stderr, code } = await runWeirBin(['rules', 'convert', script, '--out', documents, '--case', CASE]);
    assert.ok(code === 0 || code === 1, stderr);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    (await started)?.close();
  });

  const verify = (script: string, rules: string, env: Record<string, string> = {}) =>
    runWeirBin(['rules', 'verify', script, '--rules', rules, '--case', CASE, '--oracle', 'groovy', '--json'], env);

  it('raises every rule on which real Groovy does what weir says', async () => {
    const script = join(FIXTURE, 'rule.groovy');
    const { stdout, code, stderr } = await verify(script, documents);
    assert.equal(code, 0, stderr);
    const { result, warnings } = JSON.parse(stdout) as Verified;
    // Rules that no call of the described methods comes to need no proof.
    const rules = (result.scripts[0]?.rules ?? []).filter(({ state }) => state !== 'none');
    assert.ok(rules.length > 0);
    for (const { verdict, state, oracle } of rules) {
      assert.equal(`${state} ${verdict}`, 'converted proved+oracle');
      assert.ok(oracle !== undefined && oracle.asked > 0 && oracle.asked === oracle.equal);
    }
    assert.deepEqual(warnings, []);
  });

  it('names the next step, with exit 3, where the jar or Java is missing', async () => {
    const script = join(FIXTURE, 'rule.groovy');
    for (const env of [{ GROOVY_JAR: '/nowhere/groovy.jar' }, { GROOVY_JAR: script, PATH: folder }]) {
      const { stdout, code } = await verify(script, folder, env);
      assert.equal(code, 3, stdout);
      const { error } = JSON.parse(stdout) as { error: { code: string; hint: string } };
      assert.equal(error.code, 'WEIR5029');
      assert.match(error.hint, 'PATH' in env ? /install a JDK/ : /GROOVY_JAR/);
    }
  });

  it('is asked by default on inspect and verify, and is done without, in so many words, where it is missing', async () => {
    const script = join(FIXTURE, 'rule.groovy');
    const commands = [
      ['inspect', script, '--case', CASE],
      ['verify', script, '--rules', documents, '--case', CASE],
    ];
    for (const words of commands) {
      const use = async (more: readonly string[], env: Record<string, string> = {}) => {
        const { stdout, code } = await runWeirBin(['rules', ...words, '--json', ...more], env);
        assert.equal(code, 0, stdout);
        const { result, warnings } = JSON.parse(stdout) as { result: { oracle: EngineUse }; warnings: string[] };
        assert.deepEqual(warnings, []);
        return result.oracle;
      };
      const asked = await use([]);
      assert.ok(asked.asked && asked.calls > 0 && asked.why === null);
      const why = '/nowhere/groovy.jar (from $GROOVY_JAR) is not there';
      const absent = { asked: false, calls: 0, why, engines: [{ name: 'Groovy 2.4.21', calls: 0, why }] };
      assert.deepEqual(await use([], { GROOVY_JAR: '/nowhere/groovy.jar' }), absent);
      const noJava = await use([], { GROOVY_JAR: script, PATH: folder });
      assert.ok(!noJava.asked && noJava.why !== null);
      assert.equal((await use(['--oracle', 'none'])).why, 'by --oracle none');
    }
    const demanded = await runWeirBin(['rules', 'inspect', script, '--oracle', 'groovy'], { GROOVY_JAR: '/nowhere' });
    assert.equal(demanded.code, 3);
  });

  it('is found by weir check rules, with the versions that Java and the jar tell', async () => {
    const { result } = JSON.parse((await runWeirBin(['check', 'rules', '--json'])).stdout) as {
      result: { categories: { checks: { result: string; what: string }[] }[] };
    };
    const checks = result.categories[0]?.checks ?? [];
    assert.deepEqual(
      checks.slice(0, 2).map((one) => `${one.result} ${one.what.replace(/JDK \S+/, 'JDK')}`),
      ['ok JDK', 'ok Groovy 2.4.21'],
    );
  });

  it('ends a script that never ends at the deadline, and answers the next question', async () => {
    const oracle = await startTestOracle(3000);
    try {
      const call = { service: 's', method: 'm', paramTypes: [], args: [], attachments: {}, consumer: {} };
      const ask = (script: string) => oracle.ask(script, [], [call]);
      await assert.rejects(ask('while (true) {}'), (error) => error instanceof WeirError && error.code === 'WEIR5030');
      await assert.rejects(ask('System.exit(0)'), (error) => error instanceof WeirError && error.code === 'WEIR5030');
      assert.deepEqual(await ask('return invokers'), [[]]);
    } finally {
      oracle.close();
    }
  });

  it('runs scripts without network and not as root', async () => {
    const oracle = await oracleOfAll();
    const provider = { id: 'p', host: '10.0.0.1', port: 1, params: {} };
    const call = { service: 's', method: 'm', paramTypes: [], args: [], attachments: {}, consumer: {} };
    const ask = async (test: string) => (await oracle.ask(`return (${test}) ? invokers : []`, [provider], [call]))[0];
    assert.deepEqual(await ask("System.getProperty('user.name') != 'root'"), ['p']);
    const link = "java.nio.file.Files.readSymbolicLink(java.nio.file.Paths.get('/proc/self/ns/net')).toString()";
    assert.deepEqual(await ask(`${link}.startsWith('net:')`), ['p']);
    assert.deepEqual(await ask(`${link} != '${readlinkSync('/proc/self/ns/net')}'`), ['p']);
  });

  it('gives for the scripts of the fixtures what was recorded', async (t) => {
    const oracle = await oracleOfAll();
    let compared = 0;
    for (const one of fixtureCases()) compared += await compareFixture(oracle, one);
    t.diagnostic(`${compared} calls`);
    assert.ok(compared > 300, `${compared} calls`);
  });
});

async function compareFixture(oracle: GroovyOracle, { id, path, text, known }: FixtureCase): Promise<number> {
  const source = readRuleFile(path, text);
  const calls = known.calls.filter((call) => call.expect !== undefined);
  if (source.kind !== 'dubbo-script' || calls.length === 0) return 0;
  const outcomes = await oracle.ask(source.text, known.providers, calls, known.types);
  let compared = 0;
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome === 'UNASKABLE') continue;
    compared += 1;
    assert.deepEqual(outcome, calls[index]?.expect, `${id} call ${index}`);
  }
  return compared;
}
