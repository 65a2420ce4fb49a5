/** The table of `weir status` on narrow screens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Paint } from '../../../src/cli/paint.ts';
import { statusText } from '../../../src/interception/cli/status-text.ts';
import { UNREAD_BACKENDS } from '../../../src/interception/report-status.ts';

const code = (text: string) => `\u001b[1m${text}\u001b[22m`;
const PAINT: Paint = { good: code, caution: code, bad: code, strong: code, faint: code };
const NOW = Date.parse('2026-01-01T00:01:00.000Z');

function app(name: string, more: object = {}) {
  return {
    ...{ name, desired: 'on', state: 'unconfirmed', reason: null, sidecar: 'main', mode: 'redirect', drift: [] },
    ...{ families: { ipv4: true, ipv6: true }, connections: { proxied: 12, direct: 3 }, lease: null, confirm: null },
    ...{ troubles: [], next: null, since: '2026-01-01T00:00:48.000Z' },
    ...more,
  };
}

function head(columns: number, ...apps: object[]): string[] {
  const report = { backend: 'nft', apps, sidecars: [], foreign: [], notRead: [] };
  const lines = statusText(report as never, PAINT, { columns, nowMs: NOW }).split('\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the styles of PAINT.
  return lines.slice(0, 1 + apps.length).map((line) => line.replaceAll(/\u001b\[\d+m/g, ''));
}

test('a back end that was not looked for in time is not known, which is not that none is usable', () => {
  const last = (notRead: object[]) => {
    const report = { backend: null, apps: [app('payment')], sidecars: [], foreign: [], notRead };
    const text = statusText(report as never, PAINT, { columns: 80, nowMs: NOW });
    return text.split('\n').find((line) => line.includes('back end:'));
  };
  assert.match(last([]) ?? '', /none usable/);
  assert.match(last([{ what: UNREAD_BACKENDS, why: 'no answer within 500 ms' }]) ?? '', /back end: not known/);
});

test('a screen that is wide enough has every column', () => {
  const [titles = '', row = ''] = head(Number.POSITIVE_INFINITY, app('payment'));
  assert.match(titles, /^APP +STATE +SIDECAR +FAMILIES +LEASE +PROXIED +DIRECT +SINCE$/);
  assert.match(row, /12 s ago$/);
});

test('no line of the table is wider than the screen, down to the columns that an operator needs', () => {
  const apps = [app('search-frontend-api'), app('payment', { lease: { ttlMs: 3000, remainingMs: 2400 } })];
  for (let columns = 120; columns >= 56; columns -= 1) {
    for (const line of head(columns, ...apps)) assert.ok(line.length <= columns, `${columns}: ${line}`);
    for (const title of ['APP', 'STATE', 'PROXIED', 'DIRECT']) assert.ok(head(columns, ...apps)[0]?.includes(title));
  }
  assert.doesNotMatch(head(80, app('search-frontend-api'))[0] ?? '', /LEASE/, 'a column of dashes goes first');
  assert.match(head(80, ...apps)[0] ?? '', /LEASE/);
});
