/** Repeated conversion of one folder. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import { localRuleFiles } from '../../../src/rules/adapters/rule-files.ts';
import { type ConvertOutcome, type ConvertRequest, convertRules } from '../../../src/rules/usecases/convert-rules.ts';
import { verifyRules } from '../../../src/rules/usecases/verify-rules.ts';

const GOOD =
  "if (invocation.methodName == 'pay') return invokers.findAll { it.url.host == '10.0.0.1' }\nreturn invokers\n";

let root = '';

describe('repeated conversion of one folder', () => {
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'weir-convert-'));
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  function put(name: string, text: string | Buffer): void {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
  }

  function convert(request: Partial<ConvertRequest> = {}): Promise<ConvertOutcome> {
    return convertRules(
      { paths: [join(root, 'in')], out: join(root, 'out'), target: 'dubbo-mesh', check: false, ...request },
      {
        files: localRuleFiles,
        today: '2026-01-01',
        weirVersion: '0',
        frame: (line) => line,
        progress: () => undefined,
      },
    );
  }

  const outputs = (): string[] => readdirSync(join(root, 'out')).sort();

  describe('a folder that CI converts again and again', () => {
    it('loses the documents of a deleted script, and --check sees that they are still there', async () => {
      put('in/a.groovy', GOOD);
      put('in/b.groovy', GOOD);
      await convert();
      rmSync(join(root, 'in/b.groovy'));
      const check = await convert({ check: true });
      assert.equal(check.exit, 1);
      assert.deepEqual(
        check.json.stale.filter((name) => name.startsWith('b.')),
        ['b.dubbo-mesh.yaml', 'b.labels.json', 'b.plan.json'],
      );
      assert.ok(outputs().includes('b.dubbo-mesh.yaml'));
      await convert();
      assert.deepEqual(outputs(), ['a.dubbo-mesh.yaml', 'a.labels.json', 'a.plan.json', 'weir-manifest.json']);
      assert.equal((await convert({ check: true })).exit, 0);
    });

    it('keeps the documents of scripts that a run was not about, and what weir did not write', async () => {
      put('in/a.groovy', GOOD);
      put('in/b.groovy', GOOD);
      put('out/notes.yaml', 'mine: 1\n');
      await convert();
      await convert({ paths: [join(root, 'in/a.groovy')] });
      assert.ok(outputs().includes('b.dubbo-mesh.yaml'));
      assert.ok(outputs().includes('notes.yaml'));
    });

    it('keeps the documents of another target', async () => {
      put('in/a.groovy', GOOD);
      await convert();
      await convert({ target: 'istio' });
      assert.deepEqual(
        outputs().filter((name) => name.endsWith('.yaml')),
        ['a.dubbo-mesh.yaml', 'a.istio.yaml'],
      );
      rmSync(join(root, 'in/a.groovy'));
      put('in/c.groovy', GOOD);
      await convert();
      assert.deepEqual(
        outputs().filter((name) => name.endsWith('.yaml')),
        ['c.dubbo-mesh.yaml'],
      );
    });

    it('may hold its output folder', async () => {
      put('in/a.groovy', GOOD);
      const out = join(root, 'in/mesh');
      await convert({ out });
      const before = readdirSync(out).sort();
      const again = await convert({ out });
      assert.deepEqual([again.exit, again.errors.length, readdirSync(out).sort()], [0, 0, before]);
      assert.equal((await convert({ out, check: true })).exit, 0);
    });

    it('names scripts in its outputs by their path below the input, wherever it lies', async () => {
      put('in/team/a.groovy', GOOD);
      await convert();
      const plan = JSON.parse(readFileSync(join(root, 'out/team-a.plan.json'), 'utf8')) as { source: { path: string } };
      assert.equal(plan.source.path, 'team/a.groovy');
      for (const name of outputs()) assert.doesNotMatch(readFileSync(join(root, 'out', name), 'utf8'), /weir-convert-/);
    });
  });

  describe('verify of one file of a folder that was converted', () => {
    const verify = (name: string) =>
      verifyRules(
        { paths: [join(root, 'in', name)], rules: join(root, 'out'), target: 'dubbo-mesh' },
        { files: localRuleFiles, today: '2026-01-01' },
      );

    it('finds the documents of that file', async () => {
      put('in/team/route.groovy', GOOD);
      await convert();
      const { open, scripts, errors } = await verify('team/route.groovy');
      assert.deepEqual([open, scripts[0]?.rules.length, errors], [0, 2, []]);
    });

    it('does not take those of another file by that name', async () => {
      put('in/team/route.groovy', GOOD);
      put('in/route.groovy', GOOD.replace('pay', 'save'));
      await convert();
      assert.equal((await verify('team/route.groovy')).disagreements, 0);
      assert.equal((await verify('route.groovy')).disagreements, 0);
    });
  });

  describe('bad files among good ones', () => {
    it('are all told, and the rest is done', async () => {
      put('in/good.groovy', GOOD);
      put('in/gbk.groovy', Buffer.from([0x2f, 0x2f, 0x20, 0xc2, 0xb7, 0xd3, 0xc9, 0x0a]));
      put('in/binary.groovy', 'a\u0000b');
      put('in/mesh.yaml', "apiVersion: v1\nkind: 'ConfigMap'\ndata: {}\n");
      put('in/compose.yml', 'services:\n  web: {image: nginx}\n');
      symlinkSync(join(root, 'nowhere'), join(root, 'in/link.groovy'));
      const { errors, results } = await convert();
      assert.equal(results.length, 1);
      assert.deepEqual(errors.map((error) => error.location?.file.slice(join(root, 'in/').length)).sort(), [
        'binary.groovy',
        'compose.yml',
        'gbk.groovy',
        'link.groovy',
        'mesh.yaml',
      ]);
      const why = (name: string): string => errors.find((error) => error.location?.file.endsWith(name))?.why ?? '';
      assert.match(why('mesh.yaml'), /ConfigMap document/);
      assert.match(why('compose.yml'), /it is YAML, but/);
      assert.match(why('gbk.groovy'), /not UTF-8 text at byte 5 \(0xd3\)/);
      assert.match(errors.find((error) => error.location?.file.endsWith('gbk.groovy'))?.hint ?? '', /--encoding gbk/);
    });

    it('stand in the SARIF log as notifications', async () => {
      put('in/good.groovy', GOOD);
      put('in/binary.groovy', 'a\u0000b');
      await convert({ sarif: join(root, 'log.sarif') });
      const log = JSON.parse(readFileSync(join(root, 'log.sarif'), 'utf8'));
      const [run] = log.runs;
      assert.equal(run.invocations[0].executionSuccessful, false);
      assert.equal(run.invocations[0].toolExecutionNotifications.length, 1);
    });

    it('are read in their encoding when it is given', async () => {
      put(
        'in/gbk.groovy',
        Buffer.concat([Buffer.from('// '), Buffer.from([0xc2, 0xb7, 0xd3, 0xc9]), Buffer.from(`\n${GOOD}`)]),
      );
      const { errors, results } = await convert({ encoding: 'gbk' });
      assert.deepEqual([errors.length, results.length], [0, 1]);
      await assert.rejects(
        convert({ encoding: 'klingon' }).then(({ errors: [error] }) => Promise.reject(error)),
        (error) => error instanceof WeirError && error.code === 'WEIR5027',
      );
    });

    it('follow links to files and folders, also upwards', async () => {
      put('elsewhere/b.groovy', GOOD);
      put('in/a.groovy', GOOD);
      symlinkSync(join(root, 'elsewhere'), join(root, 'in/linked'));
      symlinkSync(join(root, 'in'), join(root, 'in/loop'));
      const { results } = await convert();
      assert.deepEqual(results.map(({ name }) => name).sort(), ['a', 'linked-b']);
    });

    it('are found by the keys of a configuration centre too', async () => {
      put(
        'in/shop.script-router',
        `type: groovy\nscope: application\nkey: shop\nscript: |\n  ${GOOD.replaceAll('\n', '\n  ')}\n`,
      );
      put('in/org.Pay:1.0.condition-router', 'scope: service\nkey: org.Pay\nconditions: ["=> host != 10.0.0.1"]\n');
      put('in/shop.tag-router', 'key: shop\ntags: [{name: gray, addresses: ["10.0.0.1:20880"]}]\n');
      const { results, warnings } = await convert();
      assert.deepEqual([results.length, warnings], [3, []]);
    });

    it('that were passed over are named, whatever they are, but notes and hidden files', async () => {
      put('in/a.groovy', GOOD);
      put('in/README.md', 'About these rules.');
      put('in/.gitignore', '*.bak');
      for (const name of ['room.json', 'pay.script', 'plain']) put(`in/${name}`, GOOD);
      execFileSync('mkfifo', [join(root, 'in/pipe')]);
      const { warnings } = await convert();
      const passed = ['pay.script', 'pipe', 'plain', 'room.json'].map((name) => join(root, 'in', name));
      assert.deepEqual(warnings, [`skipped, name them to have them read: ${passed.join(', ')}`]);
    });
  });

  describe('reports', () => {
    it('are looked at before anything is written', async () => {
      put('in/a.groovy', GOOD);
      put('file', 'x');
      await assert.rejects(
        convert({ report: join(root, 'file/report.md') }),
        (error) => error instanceof WeirError && error.code === 'WEIR5021',
      );
      for (const clash of [
        { report: join(root, 'r.json'), sarif: join(root, 'r.json') },
        { report: join(root, 'out/a.plan.json') },
        { sarif: join(root, 'out/weir-manifest.json') },
      ]) {
        await assert.rejects(convert(clash), (error) => error instanceof WeirError && error.code === 'WEIR5021');
      }
      assert.throws(outputs);
    });
  });

  describe('places', () => {
    it('are not moved by a mark of byte order or by CRLF', async () => {
      const text = 'def x = 1\r\nreturn invokers.take(1)\r\n';
      put('in/plain.groovy', text);
      put('in/bom.groovy', `\ufeff${text}`);
      const { results } = await convert();
      const places = results.map(({ diagnostics }) =>
        diagnostics.map((one) => [one.code, one.line, one.column, one.frame]),
      );
      assert.equal(results.length, 2);
      assert.deepEqual(
        places[0]?.filter(([code]) => code === 'WR016'),
        places[1]?.filter(([code]) => code === 'WR016'),
      );
      assert.doesNotMatch(JSON.stringify(places), /\\r/);
    });
  });
});
