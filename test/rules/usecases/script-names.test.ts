/** Names of scripts in the output folder. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { scriptNames } from '../../../src/rules/usecases/script-names.ts';

describe('names of scripts', () => {
  it('are the path below the root, free of dots', () => {
    assert.equal(scriptNames(['pricing.v2.groovy']).get('pricing.v2.groovy'), 'pricing-v2');
    assert.equal(scriptNames(['team-a/route.groovy']).get('team-a/route.groovy'), 'team-a-route');
  });

  it('do not change when another file comes or goes', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b', '路由', 'é', 'x y', 'rule'), { minLength: 1, maxLength: 3 })
      .map((parts) => `${parts.join('/')}.groovy`);
    fc.assert(
      fc.property(fc.uniqueArray(path, { minLength: 2, maxLength: 6 }), (paths) => {
        const all = scriptNames(paths);
        const names = [...all.values()].map((name) => name.toLowerCase());
        assert.equal(new Set(names).size, paths.length);
        for (const gone of paths) {
          const rest = scriptNames(paths.filter((one) => one !== gone));
          // Only a file whose name met that of the one that went may be called otherwise.
          for (const [one, name] of rest)
            assert.ok(name === all.get(one) || (all.get(one) ?? '').startsWith(`${name}-`));
        }
      }),
    );
  });

  it('of Chinese paths hold digits of the path, never an index', () => {
    const [one] = scriptNames(['路由 1.groovy']).values();
    assert.match(one ?? '', /^1-[0-9a-f]{6}$/);
    assert.equal(scriptNames(['其他.groovy', '路由 1.groovy']).get('路由 1.groovy'), one);
    assert.match([...scriptNames(['路由.groovy']).values()][0] ?? '', /^rule-[0-9a-f]{6}$/);
  });

  it('tell a-b from a/b, and an extension from another', () => {
    const names = [...scriptNames(['a-b.groovy', 'a/b.groovy', 'a-b.yaml']).values()];
    assert.equal(new Set(names).size, 3);
  });
});
