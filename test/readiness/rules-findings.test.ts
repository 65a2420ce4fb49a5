import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasFailedChecks } from '../../src/readiness/run-checks.ts';
import { check, checkCase, findings, troubles } from './check-case.ts';

test('a JDK and the jar are told with their versions and their place', async () => {
  const found = await findings(checkCase(), 'rules');
  assert.deepEqual(
    found.map(({ result, what, evidence }) => [result, what, evidence]),
    [
      ['ok', 'JDK 17.0.13', 'java on PATH'],
      ['ok', 'Groovy 2.4.21', '/jars/groovy-all-2.4.21.jar'],
      ['ok', 'Dubbo 3.2.16', null],
    ],
  );
});

test('what is missing is a warning with a hint what to install, and fails no check', async () => {
  const host = checkCase();
  const jar = { path: '/m2/groovy.jar', state: 'missing', why: '/m2/groovy.jar is not there', version: null } as const;
  host.facts.groovyFacts = { wanted: '2.4.21', java: null, jar };
  const [java, missing] = await findings(host, 'rules');
  assert.deepEqual([java?.result, missing?.result], ['warning', 'warning']);
  assert.match(java?.hint ?? '', /default-jdk-headless/);
  assert.match(missing?.hint ?? '', /GROOVY_JAR.*mvn dependency:get/);
  assert.equal(missing?.evidence, '/m2/groovy.jar is not there');
  assert.equal(hasFailedChecks(await check(host, 'rules')), false);
});

test('a place that cannot be looked at, and a version that is not told, are skipped, never missing', async () => {
  const host = checkCase();
  const { jar } = host.facts.groovyFacts;
  const unknown = { ...jar, state: 'unknown', why: '/jars/x.jar cannot be looked at (EACCES)', version: null } as const;
  host.facts.groovyFacts = { wanted: '2.4.21', java: { version: null, isJdk: null }, jar: unknown };
  assert.deepEqual(await troubles(host, 'rules'), [
    'skipped: java does not tell its version',
    'skipped: the Groovy jar cannot be looked for',
  ]);
  host.facts.groovyFacts = { wanted: '2.4.21', java: null, jar: { ...jar, version: null } };
  assert.match((await troubles(host, 'rules'))[1] ?? '', /^skipped: .* its version is not known without java/);
});

test('an old Java, a JRE, another Groovy and a jar that does not run are told apart', async () => {
  const host = checkCase();
  const good = host.facts.groovyFacts;
  for (const [version, isJdk, what] of [
    ['1.8.0_402', null, /Java 1\.8\.0_402 is too old/],
    ['10.0.2', true, /too old/],
    ['17.0.1', false, /is no JDK/],
  ] as const) {
    host.facts.groovyFacts = { ...good, java: { version, isJdk } };
    assert.match((await troubles(host, 'rules'))[0] ?? '', what);
  }
  host.facts.groovyFacts = { ...good, jar: { ...good.jar, version: '3.0.9' } };
  assert.match((await troubles(host, 'rules'))[0] ?? '', /Groovy 3\.0\.9, not 2\.4\.21/);
  host.facts.groovyFacts = { ...good, jar: { ...good.jar, version: null } };
  assert.match((await troubles(host, 'rules'))[0] ?? '', /does not run/);
});

test('jars of Dubbo that are missing are told, and are nothing that is wrong with the host', async () => {
  const host = checkCase();
  host.facts.routerFacts = [{ release: '2.7.23', why: '/jars/dubbo-2.7.23.jar is not there' }];
  const told = (await findings(host, 'rules')).at(-1);
  assert.deepEqual([told?.result, told?.evidence], ['skipped', '/jars/dubbo-2.7.23.jar is not there']);
});
