/** Reading of registry nodes, good and bad. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalIp } from '../../../src/discovery/world/read-address.ts';
import { readInstanceNode } from '../../../src/discovery/world/read-instance.ts';
import { readRevisionMetadata } from '../../../src/discovery/world/read-metadata.ts';
import { readProviderUrl } from '../../../src/discovery/world/read-provider-url.ts';
import { formatServiceKey, parseServiceKey } from '../../../src/discovery/world/service-key.ts';
import { straightReason } from '../../../src/discovery/world/straight.ts';

const codeOf = (read: object) => ('fault' in read ? (read.fault as { code: string }).code : 'read');
const urlOf = (text: string) => readProviderUrl('/dubbo/A/providers', 'A', encodeURIComponent(text));

test('whatever stands in a node is read or refused, and never throws', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.json().map((json) => `{"payload":${json}}`),
  );
  fc.assert(
    fc.property(text, (value) => {
      for (const read of [
        readInstanceNode('/services/a/x', 'a', value),
        readRevisionMetadata('/dubbo/metadata/a/r', 'a', 'r', value),
        readProviderUrl('/dubbo/A/providers', 'A', value),
      ]) {
        assert.ok('node' in read || read.fault.what !== '');
      }
    }),
  );
});

test('an instance is refused for what Envoy would reject or send astray', () => {
  const read = (fields: object) => codeOf(readInstanceNode('/p', 'a', JSON.stringify(fields)));
  assert.equal(read({ address: 'host.example', port: 1 }), 'no-literal-address');
  for (const address of ['0.0.0.0', '224.0.0.1', '255.255.255.255', 'ff02::1', '::'])
    assert.equal(read({ address, port: 1 }), 'no-literal-address', address);
  assert.equal(read({ address: 'fe80::1%eth0', port: 1 }), 'no-literal-address');
  for (const port of [0, 65_536, 1.5, '', null]) assert.equal(read({ address: '10.0.0.1', port }), 'bad-port');
  assert.equal(read({ address: '10.0.0.1', port: 65_535 }), 'read');
  assert.equal(
    codeOf(readInstanceNode('/p', 'a', `{"address":"10.0.0.1","port":1,"x":"${'x'.repeat(65_536)}"}`)),
    'too-large',
  );
});

test('the ports of an instance are those of dubbo.endpoints, one a protocol', () => {
  const endpoints = JSON.stringify([
    { port: 20880, protocol: 'dubbo' },
    { port: 50051, protocol: 'TRI' },
    { port: 0, protocol: 'rest' },
  ]);
  const value = JSON.stringify({
    address: '::ffff:10.0.0.1',
    port: 1,
    payload: { metadata: { 'dubbo.endpoints': endpoints } },
  });
  const read = readInstanceNode('/p', 'a', value);
  assert.ok('node' in read);
  assert.equal(read.node.address, '10.0.0.1');
  assert.deepEqual(read.node.ports, [
    { port: 20880, protocol: 'dubbo' },
    { port: 50051, protocol: 'tri' },
  ]);
});

test('a provider URL is read with its group, version and parameters', () => {
  const read = urlOf('dubbo://10.0.0.1:20880/A?application=pay&group=blue&version=0.0.0&methods=a,b&tag=x');
  assert.ok('node' in read);
  assert.deepEqual(read.node.service, { interface: 'A', group: 'blue', version: '' });
  assert.equal(read.node.params.methods, 'a,b');
});

test('a provider URL is refused without an application, a literal address or a port', () => {
  assert.equal(codeOf(urlOf('dubbo://10.0.0.1:20880/A?x=1')), 'no-application');
  assert.equal(codeOf(urlOf('dubbo://host:20880/A?application=a')), 'no-literal-address');
  assert.equal(codeOf(urlOf('dubbo://10.0.0.1/A?application=a')), 'bad-port');
  assert.equal(codeOf(urlOf('nonsense')), 'not-a-url');
  assert.equal(codeOf(readProviderUrl('/p', 'A', '%')), 'not-a-url');
  assert.equal(codeOf(urlOf('dubbo://[fd00::1]:20880/A?application=a')), 'read');
});

test('a service key is read as it was written, and 0.0.0 is no version', () => {
  const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9.]{0,8}$/);
  fc.assert(
    fc.property(word, fc.oneof(fc.constant(''), word), fc.oneof(fc.constant(''), word), (name, group, version) => {
      const key = { interface: name, group, version };
      assert.deepEqual(parseServiceKey(formatServiceKey(key)), key);
    }),
  );
  assert.deepEqual(parseServiceKey('A:0.0.0'), { interface: 'A', group: '', version: '' });
});

test('what Envoy cannot read or answer goes straight', () => {
  assert.equal(straightReason('dubbo', {}), null);
  assert.equal(straightReason('dubbo', { 'prefer.serialization': 'hessian2,fastjson2' }), null);
  assert.equal(straightReason('dubbo', { 'prefer.serialization': 'fastjson2,hessian2' }), 'serialization fastjson2');
  assert.equal(
    straightReason('dubbo', { serialization: 'kryo', 'prefer.serialization': 'hessian2' }),
    'serialization kryo',
  );
  assert.equal(straightReason('dubbo', { 'listen.1.callback': 'true' }), 'argument callback listen.1.callback');
  assert.equal(straightReason('dubbo', { token: '3b241101-e2bb-4255-8caf-4136c566a962' }), 'a random token');
  assert.equal(straightReason('dubbo', { token: 'fixed' }), null);
});

test('a number or a truth value in metadata counts as its text; what has none is left out', () => {
  const written = { weight: 25, gray: true, n: 1.5, none: null, list: [1], map: {}, text: 'x' };
  const texts = { weight: '25', gray: 'true', n: '1.5', text: 'x' };
  const instance = readInstanceNode(
    '/p',
    'a',
    JSON.stringify({ address: '10.0.0.1', port: 1, payload: { metadata: written } }),
  );
  assert.deepEqual('node' in instance && instance.node.labels, texts);
  const services = { A: { name: 'A', protocol: 'dubbo', params: written } };
  const revision = readRevisionMetadata('/p', 'a', 'r', JSON.stringify({ services }));
  assert.deepEqual('node' in revision && revision.node.services[0]?.params, texts);
});

test('a provider URL needs no path', () => {
  const read = urlOf('dubbo://10.0.0.1:20880?application=a&x=/y');
  assert.ok('node' in read);
  assert.deepEqual(read.node.params, { application: 'a', x: '/y' });
});

test('an address has one text, and no host name is one', () => {
  assert.equal(canonicalIp('FD00:0::1'), 'fd00::1');
  assert.equal(canonicalIp('10.0.0.1'), '10.0.0.1');
  for (const value of ['', '10.0.0', '010.0.0.1', 'localhost', '::', 1, null]) assert.equal(canonicalIp(value), null);
});
