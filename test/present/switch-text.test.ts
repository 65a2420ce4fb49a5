import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paintFor } from '../../src/present/paint.ts';
import { switchedOnText } from '../../src/present/switch-text.ts';

test('on says whether rules were changed, also when the application was on before', () => {
  const apps = [
    {
      name: 'payment',
      before: 'on',
      after: 'on',
      connections: { proxied: 0, cut: 0, drained: 0 },
      proof: { ipv4: 'ok', ipv6: 'ok' },
    },
  ] as const;
  const text = (apply: number): string =>
    switchedOnText(
      { backend: 'nft', apps, ms: { plan: 1, apply, prove: 2, total: 3 } },
      '/run/weir/off.sh',
      paintFor('stdout'),
    );
  assert.match(text(0), /nothing to change/);
  assert.match(text(4), /rules in 4\.0 ms/);
});
