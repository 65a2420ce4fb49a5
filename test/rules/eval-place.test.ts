/** What `weir rules eval --rules PLACE` takes a place for. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runWeirBin } from '../run-weir.ts';

test('a folder is a folder whatever its name, and what is absent is said to be absent', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-eval-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'mesh.d'));
  writeFileSync(join(folder, 'rule.groovy'), 'return invokers\n');
  const error = async (place: string): Promise<unknown> => {
    const { stdout, code } = await runWeirBin(['rules', 'eval', '--rules', join(folder, place), '--json']);
    return [code, JSON.parse(stdout || '{}').error?.why];
  };
  assert.deepEqual(await error('mesh.d'), [2, 'it holds no file *.dubbo-mesh.yaml']);
  assert.deepEqual(await error('gone'), [2, 'there is no such folder']);
  assert.deepEqual(await error('gone.groovy'), [2, 'there is no such file']);
  assert.deepEqual(await error('rule.groovy/inner'), [2, 'it is no folder']);
});

test('a file is documents or a legacy rule by what it holds, whatever its name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-eval-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const providers = [{ id: 'p1', host: '10.0.0.1', port: 20880, params: { env: 'gray' } }];
  const calls = [{ service: 'a.B', method: 'pay', paramTypes: [], args: [], attachments: {}, consumer: {} }];
  const services = [{ interface: 'a.B', methods: [{ name: 'pay', paramTypes: [] }] }];
  writeFileSync(join(folder, 'case.json'), JSON.stringify({ providers, services, calls }));
  const service = {
    apiVersion: 'service.dubbo.apache.org/v1alpha1',
    kind: 'VirtualService',
    metadata: { name: 'v' },
    spec: { dubbo: [{ routedetail: [{ name: 'r9', route: [{ destination: { subset: 'gray' } }] }] }] },
  };
  const destination = {
    kind: 'DestinationRule',
    metadata: { name: 'd' },
    spec: { subsets: [{ name: 'gray', labels: { env: 'gray' } }] },
  };
  const documents = `${JSON.stringify(service, null, 1)}\n---\n${JSON.stringify(destination)}\n`;
  const evaluated = async (name: string, text: string): Promise<unknown> => {
    writeFileSync(join(folder, name), text);
    const argv = ['rules', 'eval', '--rules', join(folder, name), '--case', join(folder, 'case.json')];
    const { stdout, code } = await runWeirBin(argv);
    return [code, JSON.parse(stdout || '{}')];
  };
  for (const name of ['documents', 'documents.txt', 'documents.yaml'])
    assert.deepEqual(await evaluated(name, documents), [0, { call: 0, providers: ['p1'], rule: 'r9' }], name);
  for (const name of ['rule', 'rule.script'])
    assert.deepEqual(await evaluated(name, 'return []\n'), [0, { call: 0, providers: [] }], name);
});

test('documents and a script are not given together, and one of them is', async () => {
  for (const argv of [[], ['a.groovy', '--rules', 'mesh']]) {
    const { stdout, code } = await runWeirBin(['rules', 'eval', ...argv, '--json']);
    const { error } = JSON.parse(stdout);
    assert.deepEqual([code, error.code], [2, 'WEIR1001']);
    assert.match(error.why, /one of them/);
  }
});
