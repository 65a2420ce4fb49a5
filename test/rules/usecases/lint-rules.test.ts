/** Linting of many mesh rules: totals, files that cannot be read, and the SARIF log. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lintRules } from '../../../src/rules/usecases/lint-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const DESTINATIONS =
  '---\nkind: DestinationRule\nmetadata: {name: d}\nspec: {subsets: [{name: gray, labels: {env: gray}}]}\n';
const GRAY = 'route: [{destination: {subset: gray}}]';
const meshRule = (details: string): string =>
  `kind: VirtualService\nmetadata: {name: v}\nspec: {dubbo: [{routedetail: ${details}}]}\n${DESTINATIONS}`;

const CLEAN = meshRule(`[{${GRAY}}]`);
const UNKNOWN_SUBSET = meshRule('[{route: [{destination: {subset: blue}}]}]');
const TWO_MATCHES = meshRule(`[{match: [{method: {argc: 1}}, {method: {argc: 2}}], ${GRAY}}]`);

describe('linting a folder of mesh rules', () => {
  it('keeps the findings of each file apart and counts them by level', async () => {
    const files = new MemoryRuleFiles({ 'in/a.yaml': CLEAN, 'in/b.yaml': UNKNOWN_SUBSET, 'in/c.yaml': TWO_MATCHES });
    const result = await lintRules({ paths: ['in'] }, { files, weirVersion: '0.0.0' });
    const codes = result.files.map(({ findings }) => [...new Set(findings.map(({ code }) => code))]);
    assert.deepEqual(codes[0], []);
    assert.deepEqual(codes[1], ['WR042']);
    assert.ok(codes[2]?.includes('WR043'));
    const findings = result.files.reduce((sum, file) => sum + file.findings.length, 0);
    assert.equal(result.totals.files, 3);
    assert.ok(result.totals.errors > 0);
    assert.ok(result.totals.errors + result.totals.warnings <= findings);
    assert.deepEqual(result.errors, []);
  });

  it('goes on past a file that cannot be read', async () => {
    const files = new MemoryRuleFiles({ 'in/a.yaml': UNKNOWN_SUBSET, 'in/b.yaml': CLEAN });
    const read = files.read.bind(files);
    files.read = async (path) => read(path === 'in/a.yaml' ? 'in/gone.yaml' : path);
    const result = await lintRules({ paths: ['in'] }, { files, weirVersion: '0.0.0' });
    assert.deepEqual(result.errors, [
      {
        code: 'WEIR5020',
        path: 'in/a.yaml',
        what: 'in/gone.yaml cannot be read',
        why: 'there is no such file',
        hint: 'name another',
        location: undefined,
      },
    ]);
    assert.deepEqual(result.totals, { files: 1, errors: 0, warnings: 0 });
  });

  it('says of a legacy rule that it is one, instead of a finding for each of its keys', async () => {
    const legacy = {
      condition: 'scope: application\nkey: a\nconditions: [method=x => host=1.2.3.4]\n',
      tag: 'key: a\ntags: [{name: gray, addresses: [1.2.3.4:20880]}]\n',
      script: 'type: groovy\nkey: a\nscript: return invokers\n',
    };
    const texts = Object.entries(legacy).map(([kind, text]) => [`in/${kind}.yaml`, text]);
    const files = new MemoryRuleFiles(
      Object.fromEntries([...texts, ['in/a.yaml', CLEAN], ['in/z.groovy', 'return []']]),
    );
    const { errors, totals } = await lintRules({ paths: ['in'] }, { files, weirVersion: '0.0.0' });
    assert.deepEqual(
      errors.map(({ code, what }) => `${code} ${what}`),
      ['condition', 'script', 'tag', 'z.groovy'].map((name) => {
        const [path, kind] = name === 'z.groovy' ? ['in/z.groovy', 'script'] : [`in/${name}.yaml`, name];
        return `WEIR5002 ${path} is a ${kind} rule of Dubbo, no mesh rule`;
      }),
    );
    assert.equal(totals.files, 1);
  });

  it('does not call a text clean in which there is nothing to look at', async () => {
    const texts = { empty: ' \n', comments: '# c\n', documents: '---\n---\n', list: '- 1\n', words: 'hello\n' };
    const files = new MemoryRuleFiles(
      Object.fromEntries(Object.entries(texts).map(([name, text]) => [`in/${name}.yaml`, text])),
    );
    const { errors, totals } = await lintRules({ paths: ['in'], sarif: 's' }, { files, weirVersion: '0.0.0' });
    assert.deepEqual(
      errors.map(({ code, path }) => `${code} ${path}`),
      Object.keys(texts)
        .sort()
        .map((name) => `WEIR5002 in/${name}.yaml`),
    );
    assert.equal(totals.files, 0);
    const [invocation] = JSON.parse(files.texts.get('s') ?? '{}').runs[0].invocations;
    assert.deepEqual([invocation.executionSuccessful, invocation.toolExecutionNotifications.length], [false, 5]);
  });

  it('passes on what a search of the folder did not read', async () => {
    const files = new MemoryRuleFiles({ 'in/a.yaml': CLEAN });
    const list = files.list.bind(files);
    files.list = async (paths) => ({ ...(await list(paths)), warnings: ['skipped: in/shop.MESHAPPRULE'] });
    const warnings: string[] = [];
    await lintRules(
      { paths: ['in'] },
      {
        files,
        weirVersion: '0.0.0',
        warn: (warning) => {
          warnings.push(warning);
        },
      },
    );
    assert.deepEqual(warnings, ['skipped: in/shop.MESHAPPRULE']);
  });

  it('passes a fault of its own on', async () => {
    const files = new MemoryRuleFiles({ 'in/a.yaml': CLEAN });
    files.read = async () => {
      throw new TypeError('of weir');
    };
    await assert.rejects(lintRules({ paths: ['in'] }, { files, weirVersion: '0.0.0' }), TypeError);
  });

  it('logs each finding in SARIF at its line, and only when it is asked to', async () => {
    const files = new MemoryRuleFiles({ 'in/b.yaml': UNKNOWN_SUBSET });
    await lintRules({ paths: ['in'] }, { files, weirVersion: '0.0.0' });
    assert.deepEqual([...files.texts.keys()], ['in/b.yaml']);
    const { files: linted } = await lintRules({ paths: ['in'], sarif: 'log.sarif' }, { files, weirVersion: '9.8.7' });
    const { runs } = JSON.parse(files.texts.get('log.sarif') ?? '{}');
    const [finding] = linted[0]?.findings ?? [];
    assert.equal(runs[0].tool.driver.version, '9.8.7');
    assert.equal(runs[0].results[0].ruleId, 'WR042');
    const { artifactLocation, region } = runs[0].results[0].locations[0].physicalLocation;
    assert.equal(artifactLocation.uri, 'in/b.yaml');
    assert.equal(region.startLine, finding?.line);
  });
});
