/** The scripts of the packaged weir: they hold every command, each loads, and weir starts from them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bundleScripts } from '../../scripts/package/bundle.ts';
import { PROGRAMS } from '../../src/platform/process/programs.ts';
import { PROJECT_ROOT, runNode } from '../run-weir.ts';

const VERSION = '9.9.9';

/** Runs weir from a folder of scripts, as the executable does from what it holds. Arguments: the folder, the words of weir. */
const START = `
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const [folder] = process.argv.splice(1, 1, 'weir');
const { start } = require(join(folder, 'entry.cjs'));
start({ text: (name) => readFileSync(join(folder, name), 'latin1'), cache: () => undefined });
`;

/** Prints the commands whose class was loaded, by their ids, and the modules that were. Argument: the folder. */
const LOAD = `
const { readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const [folder] = process.argv.slice(1);
const { scriptOf } = require(join(folder, 'entry.cjs'));
const text = (name) => readFileSync(join(folder, name), 'latin1');
const url = (name) => 'data:text/javascript;base64,' + Buffer.from(text(name), 'latin1').toString('base64');
(async () => {
  const loaded = { commands: [], modules: [] };
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.mjs') && Object.values(await import(url(name))).some((one) => typeof one === 'function')) {
      loaded.modules.push(name);
    }
    if (!name.endsWith('.cjs') || name === 'entry.cjs') continue;
    const script = scriptOf(name, text(name));
    if (!name.startsWith('group-')) continue;
    const own = { exports: {} };
    script.runInThisContext()(own.exports, require, own, process.execPath, folder, 'file:///weir', () => {});
    for (const [id, load] of Object.entries(own.exports.commands)) {
      if (typeof (await load()).default.prototype.run === 'function') loaded.commands.push(id);
    }
  }
  process.stdout.write(JSON.stringify(loaded));
  process.exit(0);
})();
`;

describe('the scripts of the packaged weir', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-scripts-'));
  let scripts = new Map<string, string>();
  before(async () => {
    scripts = await bundleScripts(VERSION);
    for (const [name, text] of scripts) writeFileSync(join(folder, name), text);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('hold every command of the manifest and every program, and each of them loads', async () => {
    const { code, stdout, stderr } = await runNode(['-e', LOAD, folder]);
    assert.equal(code, 0, stderr);
    const { commands, modules } = JSON.parse(stdout);
    const manifest = JSON.parse(readFileSync(join(PROJECT_ROOT, 'oclif.manifest.json'), 'utf8'));
    assert.deepEqual(commands.sort(), Object.keys(manifest.commands).sort());
    for (const name of Object.keys(PROGRAMS)) assert.ok(scripts.has(`program-${name}.cjs`), name);
    const asked = [...scripts.values()].flatMap((text) => [...text.matchAll(/__weirModule\("([\w-]+)"\)/g)]);
    assert.ok(asked.length > 0);
    assert.deepEqual([...new Set(asked.map(([, name]) => `${name}.mjs`))].sort(), modules.sort());
  });

  test('start weir: a version, a result, a text, and a refusal', async () => {
    const weir = (...words: string[]) => runNode(['-e', START, folder, ...words]);
    const [version, result, text, refusal] = await Promise.all([
      weir('--version'),
      weir('version', '--json'),
      weir('help', 'exit-codes'),
      weir('rules', 'inspect', '/nonexistent'),
    ]);
    assert.deepEqual([version?.code, version?.stdout], [0, `${VERSION}\n`]);
    assert.equal(result?.code, 0, result?.stderr);
    assert.equal(JSON.parse(result?.stdout ?? '').result.version, VERSION);
    assert.equal(text?.code, 0, text?.stderr);
    assert.match(text?.stdout ?? '', /^ *70 /m);
    assert.equal(refusal?.code, 2, refusal?.stdout);
  });
});
