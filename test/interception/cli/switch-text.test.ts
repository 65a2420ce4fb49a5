/** The text of `weir on` and `weir off`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paintFor } from '../../../src/cli/paint.ts';
import { directLine, switchedOnText } from '../../../src/interception/cli/switch-text.ts';

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

test('many applications do not fill the screen with their names', () => {
  const names = Array.from({ length: 300 }, (_, index) => `app${index}`);
  assert.equal(directLine(names, 4), '300 applications: new connections go direct (4.0 ms)');
  const apps = names.map((name) => ({
    name,
    before: 'off' as const,
    after: 'on' as const,
    connections: { proxied: 0, cut: 0, drained: 0 },
    proof: { ipv4: 'ok' as const, ipv6: 'ok' as const },
  }));
  const result = { backend: 'nft' as const, apps, ms: { plan: 1, apply: 1, prove: 2, total: 3 } };
  assert.match(switchedOnText(result, '/run/weir/off.sh', paintFor('stdout')), /back: `weir off --all` {3}or/);
});
