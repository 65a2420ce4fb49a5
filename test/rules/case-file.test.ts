/** Case files and registry snapshots. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { WeirError } from '../../src/errors/weir-error.ts';
import { parseCaseFile } from '../../src/rules/case-file.ts';
import { jsonMistake } from '../../src/rules/json-mistake.ts';

function mistake(text: string, part?: 'providers' | 'services' | 'calls'): { why: string; at: string } {
  try {
    parseCaseFile(text, 'case.json', part);
  } catch (error) {
    assert.ok(error instanceof WeirError);
    return { why: error.why, at: `${error.location?.line}:${error.location?.column}` };
  }
  return assert.fail('it was accepted');
}

describe('a snapshot of the registry', () => {
  it('is a list of URLs as the registry holds them', () => {
    const text = [
      'dubbo://10.0.0.1:20880/com.acme.A?application=shop&region=h%20z&timestamp=1',
      'dubbo%3A%2F%2F10.0.0.1%3A20880%2Fcom.acme.B%3Fapplication%3Dshop%26region%3Dh%2520z%26timestamp%3D2',
      'tri://[::1]:50051/com.acme.C',
    ].join('\n');
    const { providers } = parseCaseFile(text, 'urls.txt', 'providers');
    assert.deepEqual(
      providers.map(({ id, host, port }) => [id, host, port]),
      [
        ['10.0.0.1:20880', '10.0.0.1', 20880],
        ['[::1]:50051', '::1', 50051],
      ],
    );
    assert.deepEqual(providers[0]?.params, { application: 'shop', region: 'h z', timestamp: '1' });
    assert.equal(parseCaseFile(JSON.stringify(text.split('\n')), 'urls.json', 'providers').providers.length, 2);
    assert.equal(parseCaseFile(`[${text.split('\n').join(', ')}]`, 'zk.txt', 'providers').providers.length, 2);
  });

  it('names mistakes at their place', () => {
    const list = '[\n  {"id": "p1", "host": "h", "port": 1},\n  {"id": "p1", "host": "h", "port": 2, "prams": {}}\n]';
    assert.deepEqual(mistake(list, 'providers'), {
      why: 'providers.1: there is no field "prams"',
      at: '3:40',
    });
    const twice = '[\n  {"id": "p1", "host": "h", "port": 1},\n  {"id": "p1", "host": "h", "port": 2}\n]';
    assert.deepEqual(mistake(twice, 'providers'), {
      why: 'providers.1.id: another provider has the id "p1"',
      at: '3:10',
    });
    assert.equal(mistake('[\n  {"id": "p1", "host": "h", "port": 70000}\n]', 'providers').at, '2:37');
    assert.equal(mistake('{"providers": [\n  {"id": "a" "host": 1}]}', 'providers').at, '2:14');
  });
});

describe('calls', () => {
  it('may be one line of JSON, or one document a line', () => {
    const one = '{"service": "a.B", "method": "m"}';
    assert.equal(parseCaseFile(one, 'calls.jsonl', 'calls').calls.length, 1);
    assert.equal(parseCaseFile(`${one}\n${one}\n`, 'calls.jsonl', 'calls').calls.length, 2);
    assert.equal(mistake(`${one}\n{"service": }\n`, 'calls').at, '2:13');
  });

  it('take plain values as the parameters take them', () => {
    const text = JSON.stringify([
      { service: 'a.B', method: 'm', paramTypes: ['long', 'int', 'java.lang.Double'], args: [7, 7, 7] },
      { service: 'a.B', method: 'm', args: [7, 3e9, 1.5, 'x', true, null, [1], { t: 'java.lang.Long', v: '1' }] },
    ]);
    const [typed, plain] = parseCaseFile(text, 'calls.json', 'calls').calls;
    assert.deepEqual(
      typed?.args.map(({ t }) => t),
      ['java.lang.Long', 'java.lang.Integer', 'java.lang.Double'],
    );
    assert.deepEqual(
      plain?.args.map(({ t }) => t),
      [
        'java.lang.Integer',
        'java.lang.Long',
        'java.lang.Double',
        'java.lang.String',
        'java.lang.Boolean',
        'null',
        'java.util.ArrayList',
        'java.lang.Long',
      ],
    );
  });
});

describe('the place where a text stops being JSON', () => {
  it('is that of the first wrong character, and the end where something is missing', () => {
    for (const [text, at] of [
      ['{"a": }', 6],
      ['{"a" 1}', 5],
      ['[1,]', 3],
      ['[1 2]', 3],
      ['{,}', 1],
      ['{"a": [1, {"b": tru}]}', 16],
      ['[1', 2],
      ['{} x', 3],
      ['', 0],
    ] as const) {
      assert.throws(() => JSON.parse(text));
      assert.equal(jsonMistake(text), at, text);
    }
  });

  it('is the end of every text that is JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.equal(jsonMistake(text), text.length);
      }),
    );
  });
});
