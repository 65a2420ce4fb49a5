import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnosticHelp } from '../../src/present/diagnostic-help.ts';
import { DIAGNOSTICS } from '../../src/routing/diagnostics/catalogue.ts';

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
