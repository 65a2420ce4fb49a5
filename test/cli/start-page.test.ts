/** The first page: the same by each way to it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { startPage, startPageFacts } from '../../src/cli/start-page.ts';
import { PROJECT_ROOT, runWeirBin } from '../run-weir.ts';

const read = (name: string) => JSON.parse(readFileSync(join(PROJECT_ROOT, name), 'utf8'));

test('weir, weir --help, weir -h and weir help print one page, and under --json it is the result', async () => {
  const ways = await Promise.all([[], ['--help'], ['-h'], ['help']].map((args) => runWeirBin(args)));
  const json = await runWeirBin(['--help', '--json']);
  const page = JSON.parse(json.stdout).result.help;
  for (const { code, stdout, stderr } of ways)
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: page, stderr: '' });
});

test('the page begins with the incident, has every topic and every command of its own, and fits on a screen', async () => {
  const { stdout } = await runWeirBin(['--help'], { FORCE_COLOR: '1' });
  assert.match(stdout, /^IF SOMETHING IS WRONG NOW\n {2}weir status/);
  assert.ok(stdout.includes('\u001b[1mTO BEGIN'), 'FORCE_COLOR is obeyed');
  assert.equal((await runWeirBin(['--help'], { FORCE_COLOR: '1', NO_COLOR: '1' })).stdout.includes('\u001b'), false);
  const { topics, commands } = startPageFacts(read('package.json'), read('oclif.manifest.json'));
  assert.ok(topics.size >= 4 && commands.size >= 11);
  for (const [name, summary] of commands) {
    if (['completion', 'console', 'help', 'support', 'version'].includes(name)) continue;
    const [start = ''] = summary.split(' ').slice(0, 3);
    assert.match(stdout, new RegExp(`^ {2}${name} +${start.replaceAll(/\W/g, '\\$&')}`, 'm'));
  }
  const named = stdout.slice(stdout.indexOf('MORE'));
  for (const name of [...topics.keys(), 'completion', 'console', 'help', 'support', 'version'])
    assert.match(named, new RegExp(`\\b${name}\\b`));
  assert.doesNotMatch(named, /^ {2}others/m, 'everything has its place');
  const lines = stdout.trimEnd().split('\n');
  assert.ok(lines.length <= 24, `${lines.length} lines`);
  for (const line of lines) assert.ok(stripVTControlCharacters(line).length <= 80, line);
});

test('what has no place on the page yet is named all the same', () => {
  const page = startPage({
    version: '1',
    description: 'Divert, and back',
    topics: new Map([
      ['sidecar', 'Sidecars.'],
      ['novel', 'New.'],
    ]),
    commands: new Map([
      ['on', 'Switch on.'],
      ['fresh', 'New too.'],
    ]),
  });
  assert.match(page, /^TO SWITCH APPLICATIONS\n {2}on {2}Switch on$/m);
  assert.match(page, /^ {2}sidecars, mesh\.yaml +sidecar$/m);
  assert.match(page, /^ {2}others +novel, fresh$/m);
});
