/** The man page beside the manifest. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderManPage } from '../../scripts/man/man-page.ts';
import { PROJECT_ROOT } from '../run-weir.ts';

const read = (file: string) => readFileSync(join(PROJECT_ROOT, file), 'utf8');
const manifest = JSON.parse(read('oclif.manifest.json'));

test('man/weir.1 is what the manifest gives (npm run man)', () => {
  assert.equal(read('man/weir.1'), renderManPage(manifest, JSON.parse(read('package.json')).description));
});

test('the man page has a section for every visible command', () => {
  const sections = read('man/weir.1')
    .split('\n')
    .filter((line) => line.startsWith('.SS '));
  for (const [id, { hidden }] of Object.entries<{ hidden?: boolean }>(manifest.commands)) {
    const name = `.SS weir ${id.replaceAll(':', ' ')}`;
    const isThere = sections.some((section) => section === name || section.startsWith(`${name} `));
    assert.equal(isThere, hidden !== true, id);
  }
});

test('names are not hyphenated, and what a flag takes is the word of its help', () => {
  const flags = { risk: { type: 'option' as const, helpValue: 'RISK', options: ['a', 'b'] } };
  const page = renderManPage({ version: '1.0.0', commands: { x: { args: {}, flags } } }, 'd');
  assert.match(page, /^\.nh$/m);
  assert.match(page, /\\-\\-risk\\fR=\\fIRISK/);
});

test('text that roff would take for a request is escaped', () => {
  const command = { summary: '.off \\ it', description: "'quoted' start", args: {}, flags: {} };
  const page = renderManPage({ version: '1.0.0', commands: { x: command } }, 'a-b');
  assert.match(page, /^\\&\.off \\e it$/m);
  assert.match(page, /^\\&'quoted' start$/m);
  assert.match(page, /^weir \\- a\\-b$/m);
});
