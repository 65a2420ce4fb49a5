/** What a command says about the real engines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineLine } from '../../../src/rules/text/engine-line.ts';

test('each engine answered so many calls, or was not asked and why', () => {
  const groovy = { name: 'Groovy 2.4.21', calls: 1, why: null };
  const dubbo = { name: 'Dubbo 3.2.16', calls: 0, why: '/jars/dubbo-3.2.16.jar is not there' };
  assert.equal(
    engineLine({ asked: true, calls: 1, why: null, engines: [groovy, dubbo] }),
    'real Groovy 2.4.21 answered 1 call\nreal Dubbo 3.2.16 was not asked: /jars/dubbo-3.2.16.jar is not there\n',
  );
  assert.equal(
    engineLine({ asked: false, calls: 0, why: 'by --oracle none', engines: [] }),
    'no real engine was asked: by --oracle none\n',
  );
});
