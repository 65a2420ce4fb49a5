/** The catalogue of diagnostics and its page. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { DIAGNOSTICS } from '../../src/rules/diagnostics/catalogue.ts';
import { diagnosticHelp } from '../../src/rules/text/diagnostic-help.ts';

describe('the catalogue of diagnostics', () => {
  it('explains every id: why, an example, what to write instead', () => {
    for (const [code, entry] of Object.entries(DIAGNOSTICS)) {
      assert.match(code, /^WR0\d\d$/);
      for (const part of [entry.title, entry.why, entry.example, entry.instead])
        assert.ok(part.trim().length > 3, code);
      assert.ok(diagnosticHelp(code)?.includes(entry.title), code);
    }
    assert.equal(diagnosticHelp('WR999'), undefined);
  });
});

describe('docs/rules-diagnostics.md', () => {
  it('is what the catalogue says', () => {
    const page = readFileSync(new URL('../../docs/rules-diagnostics.md', import.meta.url), 'utf8').replaceAll(
      '\\<',
      '<',
    );
    for (const [code, entry] of Object.entries(DIAGNOSTICS)) {
      for (const part of [`## ${code}: ${entry.title}`, entry.why, entry.example, entry.instead])
        assert.ok(page.includes(part), code);
    }
    assert.equal(page.match(/^## WR/gm)?.length, Object.keys(DIAGNOSTICS).length);
  });
});
