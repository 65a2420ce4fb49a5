/** The checks of the documentation, on pages with planted faults; and what the site has to have. */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { CAPTURES } from '../../scripts/captures/captures.ts';
import { staleCaptures } from '../../scripts/captures/stale-captures.ts';
import { knownCommands, unknownCommands } from '../../scripts/docs/check-commands.ts';
import { checkDocumentation } from '../../scripts/docs/check-documentation.ts';
import { brokenMarkdownLinks } from '../../scripts/docs/check-markdown.ts';
import { checkSite } from '../../scripts/docs/check-site.ts';
import { anchorsOf } from '../../scripts/docs/markdown.ts';
import { unknownWords } from '../../scripts/docs/spelling.ts';
import { buildSite, passingFolder } from '../../scripts/site/build.ts';
import { linkCodes, unknownCodes } from '../../scripts/site/link-codes.ts';
import { writeSources } from '../../scripts/site/sources.ts';
import { ERROR_CATALOGUE } from '../../src/errors/catalogue.ts';
import { walkTour } from '../../src/tour/walk-tour.ts';
import { FakeTourLab } from '../fakes/fake-tour-lab.ts';
import { PROJECT_ROOT } from '../run-weir.ts';

/** A folder with these files. */
function folderOf(files: Readonly<Record<string, string>>): ReturnType<typeof passingFolder> {
  const folder = passingFolder('docs-test');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  return folder;
}

describe('links of Markdown pages', () => {
  it('to a file or a heading that is not there are found with their line', () => {
    const a = '# A\n\n[b](b.md#there), [gone](c.md),\n[b](b.md#gone) and [out](../../x.md)\n';
    using folder = folderOf({ 'a.md': a, 'b.md': '# B\n\n## There?\n' });
    assert.deepEqual(brokenMarkdownLinks(folder.path, ['a.md', 'b.md']), [
      'a.md:3: c.md: there is no such file',
      'a.md:4: b.md#gone: the page has no such heading',
      'a.md:4: ../../x.md: there is no such file',
    ]);
  });

  it('in code are no links, and headings in code are no headings', () => {
    const a = '# A\n\n`[x](gone.md)`\n\n```\n[y](gone.md)\n# B\n```\n[b](#b)\n';
    using folder = folderOf({ 'a.md': a });
    assert.deepEqual(brokenMarkdownLinks(folder.path, ['a.md']), ['a.md:9: #b: the page has no such heading']);
  });

  it('name headings as GitHub does: small letters, no marks, a number at the second of a name', () => {
    assert.deepEqual([...anchorsOf('# `weir on`, now?\n## A: b\n## A: b\n')], ['weir-on-now', 'a-b', 'a-b-1']);
  });
});

describe('commands in pages', () => {
  it('that are not there, or lack the flag, are found; other words, topics and alternatives pass', () => {
    const page = [
      '`weir sidecar upgrde main` `weir off --al` `npm run nothing` `weir gone`',
      '```',
      'weir sidecar upgrade main --binary x --bnary y   # --comment',
      '$ weir status && weir oops',
      '```',
      '`weir sidecar` `weir fleet on|off APP` `weir fleet on|of APP` `weir rules lint|verify x --engine-version 3.3`',
    ].join('\n');
    assert.deepEqual(unknownCommands('a.md', page, knownCommands(PROJECT_ROOT)), [
      'a.md:1: weir sidecar upgrde main: there is no such command',
      'a.md:1: weir off --al: there is no such flag',
      'a.md:1: npm run nothing: there is no such script',
      'a.md:1: weir gone: there is no such command',
      'a.md:3: weir sidecar upgrade --bnary: there is no such flag',
      'a.md:4: weir oops: there is no such command',
      'a.md:6: weir fleet of APP: there is no such command',
      'a.md:6: weir rules lint --engine-version: there is no such flag',
    ]);
  });
});

describe('links of the built site', () => {
  it('to a page or a place that is not there, to a root, and whatever is loaded from elsewhere are found', () => {
    const page = [
      '<a href="b.html#there">good</a> <a href="https://example.org/">a click away</a> <a id="here"></a><a href="#here"></a>',
      '<a href="c.html"></a> <a href="b.html#gone"></a> <a href="/b.html"></a>',
      '<script src="https://example.org/count.js"></script>',
    ].join('\n');
    using folder = folderOf({
      'a.html': page,
      'b.html': '<h1 id="there"></h1>',
      'a.css': '@font-face { src: url("//example.org/f") }',
    });
    const { faults, links, pages } = checkSite(folder.path);
    assert.deepEqual(faults, [
      'a.css: //example.org/f: comes from another machine',
      'a.html: c.html: there is no such file',
      'a.html: b.html#gone: the page has no such place',
      'a.html: /b.html: starts at the root, which files do not have',
      'a.html: https://example.org/count.js: comes from another machine',
    ]);
    assert.deepEqual({ links, pages }, { links: 8, pages: 2 });
  });
});

describe('spelling', () => {
  it('names a misspelled word with its place; code and terms of the project pass', async () => {
    const page = '# A sidecar\n\nIts `conections` drain by conntrack.\n\n```\nmisspeled\n```\nNo conection is lost.\n';
    using folder = folderOf({ 'a.md': page });
    const [word = '', ...more] = await unknownWords(folder.path, ['a.md']);
    assert.match(word, /^a\.md:8:4 - Unknown word \(conection\)/);
    assert.deepEqual(more, []);
  });

  it('that could not look is no good spelling', async () => {
    using folder = folderOf({});
    await assert.rejects(() => unknownWords(folder.path, ['gone.md']), /cspell failed/);
  });
});

describe('pictures', () => {
  it('that are not what a command prints now, and those of no command, are named', async () => {
    using folder = passingFolder('captures-test');
    const kept = join(folder.path, 'kept');
    cpSync(join(PROJECT_ROOT, 'docs/captures'), kept, { recursive: true });
    appendFileSync(join(kept, 'config-check.svg'), ' ');
    const some = CAPTURES.filter(({ name }) => ['first-page', 'config-check'].includes(name));
    const faults = await staleCaptures(PROJECT_ROOT, join(folder.path, 'taken'), kept, some);
    assert.deepEqual(
      faults.map((line) => line.split(':')[0]),
      ['config-check.svg', 'fleet-lint.svg', 'rules-convert.svg'],
    );
  });

  it('of the tour has the steps that the tour has (npm run picture)', async () => {
    const lab = new FakeTourLab(null);
    const { steps } = await walkTour(lab, lab.clock, new AbortController().signal, () => {});
    const shown = readFileSync(join(PROJECT_ROOT, 'docs/tour.svg'), 'utf8').replaceAll(/<[^>]*>/g, '');
    const titles = shown.split('\n').filter((line) => /^\d+\. /.test(line));
    assert.deepEqual(
      titles,
      steps.map(({ title }, index) => `${index + 1}. ${title}`),
    );
  });
});

describe('the documentation', () => {
  it('has no fault (npm run docs:check)', async () => {
    const { faults, files, links, pages } = await checkDocumentation(PROJECT_ROOT);
    assert.deepEqual(faults, []);
    assert.ok(files > 40 && pages > 60 && links > 1000, `${files} files, ${pages} pages, ${links} links`);
  });
});

describe('the site', () => {
  it('has every page of the documentation and a page for everything that has a code', () => {
    using folder = passingFolder('site-test');
    const pages = new Set(writeSources(PROJECT_ROOT, folder.path));
    const docs = globSync('docs/**/*.md', { cwd: PROJECT_ROOT });
    assert.deepEqual(
      docs.filter((file) => !pages.has(file)),
      [],
    );
    const errors = readFileSync(join(folder.path, 'src/reference/errors.md'), 'utf8');
    for (const code of Object.keys(ERROR_CATALOGUE)) assert.match(errors, new RegExp(`^## ${code}$`, 'm'));
    const commands = globSync('src/reference/commands/weir*.md', { cwd: folder.path });
    const text = commands.map((file) => readFileSync(join(folder.path, file), 'utf8')).join('\n');
    const manifest = JSON.parse(readFileSync(join(PROJECT_ROOT, 'oclif.manifest.json'), 'utf8'));
    for (const [id, { hidden }] of Object.entries<{ hidden?: boolean }>(manifest.commands)) {
      assert.equal(text.includes(`\n## weir ${id.replaceAll(':', ' ')}\n`), hidden !== true, id);
    }
  });

  it('is built anew without what an earlier build left, with a search that needs no server', () => {
    using folder = folderOf({ 'out/old.html': 'old' });
    writeSources(PROJECT_ROOT, folder.path);
    const out = join(folder.path, 'out');
    assert.deepEqual(buildSite(folder.path, out), []);
    assert.equal(existsSync(join(out, 'old.html')), false);
    const [index = ''] = globSync('searchindex-*.js', { cwd: out });
    assert.match(readFileSync(join(out, index), 'utf8'), /^window\.search = .*get traffic out of the mesh now/s);
    rmSync(join(out, 'docs/glossary.html'));
    assert.ok(checkSite(out).faults.some((line) => line.endsWith('glossary.html: there is no such file')));
  });

  it('answers three questions of a newcomer on pages that the first one links to', () => {
    const readme = readFileSync(join(PROJECT_ROOT, 'README.md'), 'utf8');
    for (const place of ['docs/guide/incident.md', 'docs/guide/fleet.md#which-envoy-runs-where', 'docs/rules.md']) {
      assert.ok(readme.includes(`](${place})`), place);
    }
  });

  it('leads from a code to what it means, but not in code, headings, links, and on the page that says it', () => {
    assert.equal(
      linkCodes('# WR001\n`WR001` [WR001](x) WR001 WR999', 'docs/a.md').split('\n')[1],
      `\`WR001\` [WR001](x) [WR001](${'rules-diagnostics.md'}#${anchorOfWr001()}) WR999`,
    );
    assert.equal(linkCodes('WEIR1001', 'reference/errors.md'), 'WEIR1001');
    assert.deepEqual(unknownCodes('a.md', 'WR001\n`WR999` WEIR1001 WF001'), ['a.md:2: WR999: there is no such code']);
  });
});

function anchorOfWr001(): string {
  const page = readFileSync(join(PROJECT_ROOT, 'docs/rules-diagnostics.md'), 'utf8');
  return [...anchorsOf(page)].find((anchor) => anchor.startsWith('wr001-')) ?? '';
}
