/** Secrets planted in texts of every kind that an archive holds. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gather } from '../../src/support/gather.ts';
import { Redactor } from '../../src/support/redact.ts';

const SECRET = 'hunter2-XyZ';
const clean = (text: string): string => new Redactor().clean(text);

const PLANTED: Readonly<Record<string, string>> = {
  'a key of YAML': `etcd:\n  user: root\n  password: ${SECRET}\n  timeout: 2s\n`,
  'a quoted key of YAML': `"api-key": "${SECRET}"\n`,
  'a block of YAML': `clientSecret: |\n  ${SECRET}\n  ${SECRET}\nother: kept\n`,
  'a list in one line of YAML': `tls: {privateKey: ${SECRET}, cert: /etc/cert.pem}\n`,
  'JSON on one line': `{"user":"u","authToken":"${SECRET}","port":2379}`,
  'JSON with an escaped quote': `{"password":"a\\"${SECRET}","port":1}`,
  'the environment of a sidecar': `sidecars:\n  main:\n    env:\n      FOO: ${SECRET}\n      BAR: x\n    drain: 15s\n`,
  'the environment in one line': `env: {FOO: ${SECRET}, BAR: x}\n`,
  'the environment in JSON': `{"env":{"FOO":"${SECRET}"},"drain":"15s"}`,
  'a URL': `zookeeper://admin:${SECRET}@10.0.0.1:2181 timed out\n`,
  'a query': `GET http://10.0.0.1:8848/nacos?accessToken=${SECRET}&page=1\n`,
  'a header in a log': `authorization: Bearer ${SECRET}\n`,
  'a flag': `envoy --config-path x --auth-token ${SECRET} --base-id 1\n`,
  'a flag with =': `envoy --auth-token=${SECRET}\n`,
  'the arguments in JSON': `{"args":["--auth-token","${SECRET}"]}`,
  'a variable': `DB_PASSWORD=${SECRET} /usr/bin/envoy\n`,
  'a private key': `-----BEGIN EC PRIVATE KEY-----\n${SECRET}\n-----END EC PRIVATE KEY-----\n`,
  'a private key in JSON': `{"inline":"-----BEGIN PRIVATE KEY-----\\n${SECRET}\\n-----END PRIVATE KEY-----"}`,
};

describe('a secret', () => {
  for (const [where, text] of Object.entries(PLANTED)) {
    it(`is taken out of ${where}`, () => {
      assert.equal(clean(text).includes(SECRET), false, clean(text));
    });
  }

  it('is found by its value where nothing names it, also in what was read before', async () => {
    const items = [
      { name: 'log', from: 'log', read: async () => `login of root with ${SECRET} failed\n` },
      { name: 'conf', from: 'conf', read: async () => `password: ${SECRET}\n` },
      { name: 'kept', from: 'kept', read: async () => 'the word s3cr3t-file here\n' },
    ];
    const { files } = await gather(items, ['s3cr3t-file']);
    for (const text of files.values()) assert.doesNotMatch(text, /hunter2|s3cr3t-file/);
    assert.match(files.get('log') ?? '', /login of root with \[redacted\] failed/);
  });
});

describe('what is no secret', () => {
  for (const text of [
    'apiVersion: weir.dev/v1\nsidecars:\n  main:\n    user: envoy\n    outbound: 15001\n    drain: 15s\n',
    '{"backend":"nft","apps":[{"name":"payment","state":"on","sha256":"ab12"}]}',
    'passwordFile: /etc/weir/etcd.password\n',
    'table ip weir {\n\tchain out { meta skuid 1001 redirect to :15001 }\n}\n',
    'http://10.0.0.1:15000/ready answered 503\n',
    'token_bucket: {max_tokens: 100, tokens_per_fill: 10}\n',
  ]) {
    it(`stays: ${text.split('\n')[0]}`, () => {
      assert.equal(clean(text), text);
    });
  }

  it('one that cannot be read is a gap, and the rest is there', async () => {
    const items = [
      { name: 'a', from: '/a', read: async () => 'text' },
      { name: 'b', from: '/b', read: () => Promise.reject(new Error('EACCES: permission denied')) },
    ];
    const { entries, gaps } = await gather(items, []);
    assert.deepEqual(entries, [{ name: 'a', from: '/a', bytes: 4 }]);
    assert.deepEqual(gaps, [{ name: 'b', from: '/b', why: 'EACCES: permission denied' }]);
  });
});
