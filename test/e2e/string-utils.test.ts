/** StringUtils of Dubbo and of the commons: the real classes beside the classes by those names that the Groovy oracle makes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { GroovyOracle } from '../../src/rules/adapters/oracle/groovy-oracle.ts';
import { lookForRouterJars } from '../../src/rules/adapters/oracle/router-jars.ts';
import { DUBBO_IMPORTS } from '../../src/rules/groovy/knowledge/known-imports.ts';
import { isSinceDubbo3, STRING_UTILS } from '../../src/rules/groovy/knowledge/known-libraries.ts';
import { startTestOracle } from '../oracle/groovy/groovy-oracle.ts';
import { fetchJars } from '../oracle/java-class-path.ts';

const FOLDER = fileURLToPath(new URL('../oracle/texts/', import.meta.url));
const LINES = ['2.7', '3.2', '3.3'] as const;
const TEXTS = [null, '', ' ', '\t\n', '\u3000', '\u2003 ', '\u0001', '\u00a0', 'a', 'A', 'ab', 'b', 'GRAY', 'gray'];
const BINARY = new Set(['equals', 'isEquals', 'equalsIgnoreCase', 'contains', 'startsWith', 'endsWith']);

/** A call, as the Java program reads it and as Groovy does. */
interface Asked {
  readonly java: string;
  readonly groovy: string;
}

function asked(cls: string, method: string): Asked[] {
  const second = BINARY.has(method) ? TEXTS : [undefined];
  return TEXTS.flatMap((one) =>
    second.map((other) => {
      const texts = other === undefined ? [one] : [one, other];
      const given = texts.map((text) => (text === null ? '-' : `+${Buffer.from(text).toString('base64')}`));
      const written = texts.map((text) => (text === null ? 'null' : JSON.stringify(text)));
      return { java: [cls, method, ...given].join(' '), groovy: `${cls}.${method}(${written.join(', ')})` };
    }),
  );
}

function realAnswers(jars: readonly string[], questions: readonly Asked[]): string[] {
  const argv = [
    '-XX:TieredStopAtLevel=1',
    '-cp',
    jars.join(':'),
    `${FOLDER}Texts.java`,
    ...questions.map(({ java }) => java),
  ];
  const told = execFileSync('java', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return told.split('\n').flatMap((line) => (line.startsWith('answer ') ? [line.slice('answer '.length)] : []));
}

describe('StringUtils, as scripts import it', () => {
  let oracle: GroovyOracle;
  before(async () => {
    oracle = await startTestOracle(120_000);
  });
  after(() => oracle.close());

  const check = async (cls: string, jars: readonly string[], methods: readonly string[]): Promise<void> => {
    const questions = methods.flatMap((method) => asked(cls, method));
    const real = realAnswers(jars, questions);
    const made = await oracle.values(questions.map(({ groovy }) => groovy));
    assert.equal(real.length, questions.length);
    const different = questions.filter((_, at) => `Boolean ${real[at]}` !== made[at]).map(({ groovy }) => groovy);
    assert.deepEqual(different, []);
  };

  for (const line of LINES) {
    it(`of Dubbo ${line}`, async () => {
      const cls = 'org.apache.dubbo.common.utils.StringUtils';
      const { paths, why } = lookForRouterJars(line);
      assert.equal(why, null);
      const methods = (STRING_UTILS[cls] ?? '').split(' ');
      const isThere = (name: string): boolean => line !== '2.7' || !isSinceDubbo3(cls, name);
      const members = execFileSync('javap', ['-cp', paths[0] ?? '', cls], { encoding: 'utf8' });
      assert.deepEqual(
        methods.filter((name) => members.includes(` ${name}(`)),
        methods.filter(isThere),
      );
      await check(cls, paths, methods.filter(isThere));
    });

    it(`the classes of Dubbo ${line} that scripts import are in its jar, and in the oracle`, async () => {
      const names = Object.entries(DUBBO_IMPORTS).flatMap(([root, list]) =>
        list.split(' ').map((name) => `${root}.${name}`),
      );
      const [dubbo = ''] = lookForRouterJars(line).paths;
      const listed = new Set(execFileSync('jar', ['tf', dubbo], { encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\n'));
      assert.deepEqual(
        names.filter((name) => !listed.has(`${name.replaceAll('.', '/')}.class`)),
        [],
      );
      const compiled = await oracle.compiles(names.map((name) => `import ${name}\nreturn invokers`));
      assert.deepEqual(
        names.filter((_, at) => compiled[at] !== true),
        [],
      );
    });
  }

  for (const name of ['lang', 'lang3']) {
    it(`of commons-${name}`, async () => {
      const cls = `org.apache.commons.${name}.StringUtils`;
      await check(cls, fetchJars('texts', `${FOLDER}pom.xml`), (STRING_UTILS[cls] ?? '').split(' '));
    });
  }
});
