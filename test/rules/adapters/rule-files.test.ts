/** Files of the rules commands on a real file system. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { localRuleFiles } from '../../../src/rules/adapters/rule-files.ts';
import { ruleTexts } from '../../../src/rules/usecases/rule-texts.ts';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-rule-files-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

describe('files of the rules commands', () => {
  it('are written into a folder that is not there yet, and over what was there, without a trace of a draft', async (t) => {
    const dir = folder(t);
    await localRuleFiles.write(join(dir, 'a/b/c.yaml'), 'one');
    await localRuleFiles.write(join(dir, 'a/b/c.yaml'), 'two');
    assert.equal(readFileSync(join(dir, 'a/b/c.yaml'), 'utf8'), 'two');
    assert.deepEqual(readdirSync(join(dir, 'a/b')), ['c.yaml']);
  });

  it('stay as they are where they hold the text already, but for a link, which is replaced by a file', async (t) => {
    const dir = folder(t);
    const [path, link] = [join(dir, 'a.yaml'), join(dir, 'link.yaml')];
    writeFileSync(path, 'é');
    symlinkSync(path, link);
    const before = statSync(path).ino;
    await localRuleFiles.write(path, 'é');
    await localRuleFiles.write(link, 'é');
    assert.equal(statSync(path).ino, before);
    assert.notEqual(statSync(link).ino, before);
    await localRuleFiles.write(path, 'è');
    assert.equal(readFileSync(path, 'utf8'), 'è');
  });

  it('are refused below what is no folder, and in the place of a folder', async (t) => {
    const dir = folder(t);
    writeFileSync(join(dir, 'file'), '');
    await assert.rejects(localRuleFiles.write(join(dir, 'file/a.yaml'), 'one'), { code: 'WEIR5021' });
    await localRuleFiles.write(join(dir, 'sub/a.yaml'), 'one');
    await assert.rejects(localRuleFiles.write(join(dir, 'sub'), 'one'), { code: 'WEIR5021' });
    assert.deepEqual(readdirSync(dir).sort(), ['file', 'sub']);
  });

  it('are read whole, each in its turn, and one that is missing stops no other', async (t) => {
    const dir = folder(t);
    const names = Array.from({ length: 70 }, (_, index) => `r${index}.groovy`);
    for (const name of names) writeFileSync(join(dir, name), name);
    writeFileSync(join(dir, 'r40.groovy'), 'x'.repeat(300_000));
    rmSync(join(dir, 'r33.groovy'));
    const scripts = names.map((name) => ({ path: join(dir, name), name, root: dir }));
    const seen: string[] = [];
    for await (const { script, text } of ruleTexts(localRuleFiles, scripts, undefined)) {
      if (script.name === 'r33.groovy') assert.throws(text, { code: 'WEIR5020' });
      else assert.equal(text(), script.name === 'r40.groovy' ? 'x'.repeat(300_000) : script.name);
      seen.push(script.name);
    }
    assert.deepEqual(seen, names);
  });
});
