/** The accept file. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAcceptFile } from '../../src/rules/accept-list.ts';

const TODAY = '2026-11-24';

describe('the accept file', () => {
  it('lets through what it names, for the script and rule that it names', () => {
    const list = parseAcceptFile(
      'accept: [{id: WR041, script: a.groovy, rule: r2, reason: shares were read, expires: 2027-01-01}]',
      'f',
      TODAY,
    );
    assert.deepEqual([...list.codesFor('x/a.groovy')], ['WR041@r2']);
    assert.deepEqual([...list.codesFor('x/ba.groovy')], []);
    assert.equal(list.accepts('x/a.groovy', 'WR041', 'r2'), true);
    assert.equal(list.accepts('x/a.groovy', 'WR041', 'r3'), false);
    assert.deepEqual(list.complaints(), []);
  });

  it('names expired and stale entries', () => {
    const list = parseAcceptFile(
      'accept:\n  - {id: WR041, reason: x, expires: 2026-11-23}\n  - {id: WR001, reason: x, expires: 2027-01-01}\n',
      'f',
      TODAY,
    );
    assert.equal(list.accepts('a', 'WR041', 'r1'), false);
    assert.match(list.complaints().join('\n'), /WR041.*expired on 2026-11-23[\s\S]*WR001.*stale/);
  });

  it('refuses unknown ids, missing reasons and dates that are none', () => {
    for (const entry of [
      '{id: WR999, reason: x, expires: 2027-01-01}',
      '{id: WR041, expires: 2027-01-01}',
      '{id: WR041, reason: " ", expires: 2027-01-01}',
      '{id: WR041, reason: x, expires: soon}',
    ]) {
      assert.throws(() => parseAcceptFile(`accept: [${entry}]`, 'f', TODAY), { code: 'WEIR5022' }, entry);
    }
    assert.throws(() => parseAcceptFile('accept: [', 'f', TODAY), { code: 'WEIR5022' });
  });
});
