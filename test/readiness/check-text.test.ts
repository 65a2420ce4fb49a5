/** The text of `weir check`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Paint } from '../../src/cli/paint.ts';
import { isUnicodeTerminal } from '../../src/cli/terminal.ts';
import { type CheckedCategory, countResults } from '../../src/readiness/run-checks.ts';
import { checkCategoryText, checkSummaryText } from '../../src/readiness/text/check-text.ts';

const PLAIN: Paint = { good: same, caution: same, bad: same, strong: same, faint: same };
const WHY = 'a redirected connection takes one entry, and a full table drops those of everybody';

const CATEGORY: CheckedCategory = {
  name: 'tools',
  checks: [
    { what: 'nft is there', result: 'ok', why: WHY, hint: null, evidence: 'nftables v1.0.6' },
    { what: 'ip finds routes', result: 'ok', why: WHY, hint: null, evidence: 'iproute2-6.1.0' },
    { what: 'room is scarce', result: 'warning', why: WHY, hint: 'make room: `sysctl -w x=1`', evidence: '90 of 100' },
    { what: 'ss is missing', result: 'error', why: WHY, hint: 'install iproute2', evidence: null },
    { what: 'clock: not known', result: 'timeout', why: WHY, hint: null, evidence: null },
    { what: 'ss: not known', result: 'unknown', why: WHY, hint: 'raise the limit', evidence: 'EAGAIN' },
    { what: 'not looked at', result: 'skipped', why: WHY, hint: null, evidence: 'no root' },
  ],
};

test('what could not be looked at says its next step, which several in a row say once', () => {
  const skipped = { result: 'skipped', why: WHY, hint: 'run it with sudo', evidence: null } as const;
  const checks = [
    { ...skipped, what: 'rules: not seen' },
    { ...skipped, what: 'marks: not seen' },
    { ...skipped, what: 'jars: not seen', hint: 'set JARS' },
  ];
  const text = checkCategoryText({ name: 'rules', checks }, PLAIN, { columns: 60, isUnicode: true });
  assert.equal(
    text,
    `rules
  – rules: not seen
  – marks: not seen
      → run it with sudo
  – jars: not seen
      → set JARS

`,
  );
});

test('findings are aligned; what is not in order says its reason and the next step below', () => {
  assert.equal(
    checkCategoryText(CATEGORY, PLAIN, { columns: 60, isUnicode: true }),
    `tools
  ✓ nft is there     nftables v1.0.6
  ✓ ip finds routes  iproute2-6.1.0
  ! room is scarce
      90 of 100
      a redirected connection takes one entry, and a full
      table drops those of everybody
      → make room: \`sysctl -w x=1\`
  ✗ ss is missing
      a redirected connection takes one entry, and a full
      table drops those of everybody
      → install iproute2
  ⧖ clock: not known
      a redirected connection takes one entry, and a full
      table drops those of everybody
  ? ss: not known
      EAGAIN
      a redirected connection takes one entry, and a full
      table drops those of everybody
      → raise the limit
  – not looked at    no root

`,
  );
});

test('a terminal without UTF-8 gets ASCII only', () => {
  const text = checkCategoryText(CATEGORY, PLAIN, { columns: 80, isUnicode: false });
  assert.doesNotMatch(text, /[^\n\x20-\x7e]/);
  for (const line of ['  + nft', '  ! room', '  x ss', '  ? clock', '  ? ss', '  - not', '-> install']) {
    assert.ok(text.includes(line), line);
  }
});

test('colours tell the results apart and change no letter', () => {
  const paint: Paint = { good: tag('g'), caution: tag('c'), bad: tag('b'), strong: same, faint: same };
  const text = checkCategoryText(CATEGORY, paint, { columns: 80, isUnicode: true });
  for (const symbol of ['<g>✓</g>', '<c>!</c>', '<b>✗</b>', '<b>⧖</b>', '<b>?</b>'])
    assert.ok(text.includes(symbol), symbol);
});

test('the closing line counts each result, errors first', () => {
  assert.equal(
    checkSummaryText(countResults([CATEGORY]), PLAIN),
    '1 error, 1 timeout, 1 not known, 1 warning, 2 ok, 1 skipped',
  );
  assert.equal(checkSummaryText(countResults([]), PLAIN), '0 ok');
});

test('the locale decides about UTF-8, in the order of the C library', () => {
  assert.equal(isUnicodeTerminal({ LANG: 'de_DE.UTF-8' }), true);
  assert.equal(isUnicodeTerminal({ LANG: 'C.utf8' }), true);
  assert.equal(isUnicodeTerminal({ LC_ALL: 'C', LANG: 'de_DE.UTF-8' }), false);
  assert.equal(isUnicodeTerminal({ LC_ALL: '', LC_CTYPE: 'en_US.UTF-8', LANG: 'C' }), true);
  assert.equal(isUnicodeTerminal({ LANG: 'C.UTF-8', TERM: 'linux' }), false);
  assert.equal(isUnicodeTerminal({}), false);
});

function same(text: string): string {
  return text;
}

function tag(name: string): (text: string) => string {
  return (text) => `<${name}>${text}</${name}>`;
}

test('a category without findings says that there is nothing to look at', () => {
  const text = checkCategoryText({ name: 'cgroup', checks: [] }, PLAIN, { columns: 80, isUnicode: true });
  assert.equal(text, 'cgroup\n  – nothing to look at\n\n');
});
