/** Causes of compile errors and of rules without an effect, asked of real Groovy. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { GroovyOracle } from '../../src/rules/adapters/oracle/groovy-oracle.ts';
import type { RoutingCall } from '../../src/rules/case-file.ts';
import { evaluateRuleSource } from '../../src/rules/evaluate-rule-source.ts';
import { COMPILE_CAUSES } from '../../src/rules/groovy/knowledge/compile-causes.ts';
import { EFFECT_CAUSES } from '../../src/rules/groovy/knowledge/effect-causes.ts';
import { KNOWN_IMPORTS } from '../../src/rules/groovy/knowledge/known-imports.ts';
import { NEED_IMPORT } from '../../src/rules/groovy/knowledge/needed-imports.ts';
import { planRuleSource } from '../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../src/rules/read/read-rule-file.ts';
import { startTestOracle } from '../oracle/groovy/groovy-oracle.ts';

const PROVIDERS = [{ id: 'p1', host: '10.0.0.1', port: 20880, params: {} }];
const CALL: RoutingCall = { service: 's', method: 'm', paramTypes: [], args: [], attachments: {}, consumer: {} };
const KNOWN = { providers: PROVIDERS, services: [], types: {}, machineGroups: {}, calls: [] };

/** Texts that compile, close to those that do not: weir must not call them broken. */
const LIVE = [
  'println 1; []',
  'def r = []; for (i in invokers) if (i.url.port == 1) r.add i\nr',
  '(a, b) = [1, 2]; []',
  '#!/usr/bin/groovy\n[]',
  'final x = 1; x = 2; []',
  'def a = 0; if ((a = 1)) { }; []',
  'def a = 0; while (a = 0) { }; []',
  'def t = "x"; t.each { it -> it = 2 }; []',
  'switch (1) { case 1: def x = 1; break\n case 2: break }; []',
  'switch (1) { case 1: break }; []',
  'o: for (x in [1]) { break o }; []',
  'def c = { x -> { y -> y } }; []',
  'if (true) { def x = 1 } else { def x = 2 }; []',
  'for (x in [1]) { def y = 1 }; for (x in [1]) { def y = 1 }; []',
  'try { def x = 1 } catch (e) { def x = 1 }; []',
  'enum E { A, B; int n() { 1 } }; E.values().length; []',
  'import static java.lang.Math.max; max(1, 2); []',
  '{ -> 1 } >> { x -> x }; []',
  'def f = { Object... xs -> xs.length }; f(1, 2); []',
  'def r = []; r.addAll invokers.findAll { true }\n[]',
  'def m = [do: 1, try: 2]; m.do; m.try; []',
  'def c = { Map<String, List<String>> m, int n = (1) -> m }; []',
  'def c = [a: { x -> x }, b: { -> 1 }]; []',
  'if (1) { }; else { }\nwhile (0) ;\nfor (x in []) ;\n[]',
  'final x = 1; final int y = 2; final def z = 3; []',
  'import groovy.transform.Field\n@Field private static final List X = []\n@Field static y = 1\nX',
  'private f() { 1 }\npublic static g() { 2 }\nfinal h() { 3 }\n[]',
  'class A { private static x = 1; protected int y }\n[]',
  'def x = new ArrayList<>(); def y = new HashMap<String, List<Integer>>(); []',
  'def x = [] as List<String>; List<? extends Number> y = []; []',
  'import java.util.stream.*\ndef x = [].stream().filter { true }.collect(Collectors.toList())\nx',
  '@SuppressWarnings("unchecked") def x = 1; []',
  'binding.getVariable("invokers"); []',
  'def x = (Object) 1; []',
  "invokers.findAll { it.url.with { getParameter('tag') == 'vip' } }\n[]",
];

let oracle: GroovyOracle;
before(async () => {
  oracle = await startTestOracle(60_000);
});
after(() => oracle?.close());

describe('what weir says of texts that do not compile, asked of real Groovy 2.4.21', () => {
  it('is true for every cause of the table, and nothing that compiles is called broken', async (t) => {
    const wrong: string[] = [];
    let examples = 0;
    for (const [id, cause] of Object.entries(COMPILE_CAUSES)) {
      for (const text of cause.examples) {
        examples++;
        const script = `${text}\n`;
        const [compiles] = await oracle.compiles([script]);
        const plan = planRuleSource(readRuleFile('cause.groovy', `${script}// invokers`), KNOWN);
        const short = text.slice(0, 60);
        if (compiles !== false) wrong.push(`${id}: real Groovy compiles ${short}`);
        if (plan.effect.state !== 'broken')
          wrong.push(`${id}: weir does not call ${short} broken: ${plan.effect.state}`);
      }
    }
    for (const text of LIVE) {
      const [real] = await oracle.ask(text, PROVIDERS, [CALL]);
      const plan = planRuleSource(readRuleFile('live.groovy', text), KNOWN);
      const direct = evaluateRuleSource(readRuleFile('live.groovy', text), CALL, KNOWN);
      if (JSON.stringify(real) !== '[]') wrong.push(`not live on real Groovy: ${text}: ${JSON.stringify(real)}`);
      if (plan.effect.state !== 'live') wrong.push(`called ${plan.effect.state}: ${text}`);
      if (direct.kind === 'ignored') wrong.push(`called failing: ${text}: ${direct.exception}`);
    }
    t.diagnostic(`${examples} texts of ${Object.keys(COMPILE_CAUSES).length} causes, ${LIVE.length} that compile`);
    assert.deepEqual(wrong, []);
  });
});

describe('classes and imports, asked of real Groovy 2.4.21', () => {
  it('knows which need an import, and that those which it knows are there', async () => {
    const needed = [...NEED_IMPORT].map((name) => `${name} x = null`);
    const imported = Object.entries(KNOWN_IMPORTS).flatMap(([pkg, names]) =>
      names.split(' ').map((name) => `import ${pkg}.${name}\n1`),
    );
    const compiles = await oracle.compiles([...needed, ...imported]);
    assert.deepEqual(
      needed.filter((_, at) => compiles[at] !== false),
      [],
      'seen without an import',
    );
    assert.deepEqual(
      imported.filter((_, at) => compiles[needed.length + at] !== true),
      [],
      'not there',
    );
  });
});

describe('what weir says of scripts that never had an effect, asked of real Groovy 2.4.21', () => {
  it('is true for every cause of the table', async (t) => {
    const calls: RoutingCall[] = [
      CALL,
      { ...CALL, method: 'a', paramTypes: ['java.lang.Long'], args: [{ t: 'java.lang.Long', v: '7' }] },
    ];
    const wrong: string[] = [];
    let examples = 0;
    for (const [id, cause] of Object.entries(EFFECT_CAUSES)) {
      for (const text of cause.examples) {
        examples++;
        const real = await oracle.ask(text, PROVIDERS, calls);
        const fails = real.every((outcome) => typeof outcome === 'string');
        const all = real.every((outcome) => JSON.stringify(outcome) === '["p1"]');
        if (cause.effect === 'broken' ? !fails : !all) wrong.push(`${id}: ${text}: ${JSON.stringify(real)}`);
        const { state } = planRuleSource(readRuleFile('cause.groovy', text), KNOWN).effect;
        if (state !== cause.effect) wrong.push(`${id}: weir calls ${text} ${state}`);
      }
    }
    t.diagnostic(`${examples} scripts of ${Object.keys(EFFECT_CAUSES).length} causes`);
    assert.deepEqual(wrong, []);
  });
});
