/** The files of a host in the archive: planted secrets, links, programs, folders that cannot be listed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, it } from 'node:test';
import { secretsKept, supportItems } from '../../src/support/adapters/items.ts';
import { writeArchive } from '../../src/support/adapters/write-archive.ts';
import { gather } from '../../src/support/gather.ts';

const SECRET = 'hunter2-XyZ';
const folder = mkdtempSync(join(tmpdir(), 'weir-support-test-'));
const place = (name: string) => join(folder, name);
const places = {
  ...{ config: place('etc/mesh.yaml'), configDir: place('etc'), runDir: place('run'), stateDir: place('state') },
  netns: '',
};

before(() => {
  const put = (name: string, text: string) => {
    mkdirSync(dirname(place(name)), { recursive: true });
    writeFileSync(place(name), text);
  };
  put('etc/mesh.yaml', `sidecars:\n  main:\n    env: {FOO: "${SECRET}"}\n    drain: 15s\n`);
  put('etc/fleet.yaml', `regions:\n  east:\n    etcd: {user: root, password: ${SECRET}}\n`);
  put('etc/etcd.password', `${SECRET}-of-a-file\n`);
  put('etc/key.pem', `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----\n`);
  put('run/main/envoy.log', `[error] login with ${SECRET}-of-a-file was refused by ${SECRET}\n`);
  put('run/main/long.log', 'x'.repeat(3 * 1024 * 1024));
  put('state/state.json', '{"schemaVersion":1,"apps":[]}');
  put('state/sidecars/main/versions/ab/envoy', 'ELF');
  symlinkSync(place('etc/key.pem'), place('run/linked.log'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const fileItems = async () => (await supportItems(places)).filter(({ from }) => from.startsWith(folder));

it('are texts of the three folders; no programs, no links, no keys', async () => {
  assert.deepEqual((await fileItems()).map(({ name }) => name).sort(), [
    ...['etc/fleet.yaml', 'etc/mesh.yaml'],
    ...['run/main/envoy.log', 'run/main/long.log', 'state/state.json'],
  ]);
});

it('hold no planted secret, of the archive as it lies on disk', async () => {
  const { files } = await gather(await fileItems(), (await secretsKept(places)).secrets);
  const archive = place('out.tar.gz');
  await writeArchive(archive, files);
  assert.equal(statSync(archive).mode & 0o777, 0o600);
  const text = execFileSync('tar', ['-xzOf', archive], { encoding: 'utf8', maxBuffer: 1e8 });
  assert.equal(text.includes('hunter2'), false);
  assert.match(text, /login with \[redacted\] was refused/);
  assert.match(text, /drain: 15s/);
  assert.match(text, /\[1048576 bytes before this are left out\]/);
});

it('name the secrets that could not be read, and know those behind a link', async () => {
  symlinkSync(place('elsewhere'), place('etc/zk.token'));
  assert.deepEqual((await secretsKept(places)).unread, []);
  writeFileSync(place('elsewhere'), 'linked-secret\n');
  writeFileSync(place('etc/dump.key'), 'x'.repeat(70_000));
  mkdirSync(place('etc/more'));
  symlinkSync(place('etc/more'), place('etc/auth'));
  const { secrets, unread } = await secretsKept(places);
  assert.ok(secrets.includes('linked-secret'));
  assert.deepEqual(unread.map(({ path }) => path).sort(), [place('etc/auth'), place('etc/dump.key')]);
});

it('never replace a file that is there', async () => {
  writeFileSync(place('mine.tar.gz'), 'mine');
  await assert.rejects(writeArchive(place('mine.tar.gz'), new Map([['a', 'b']])), { code: 'WEIR1002' });
  assert.equal(readFileSync(place('mine.tar.gz'), 'utf8'), 'mine');
});

it('a folder that cannot be listed is a gap with its reason', async () => {
  rmSync(place('run'), { recursive: true });
  const { gaps, entries } = await gather(await fileItems(), []);
  assert.deepEqual(
    gaps.map(({ name, from }) => [name, from]),
    [['run', places.runDir]],
  );
  assert.match(gaps[0]?.why ?? '', /ENOENT/);
  assert.ok(entries.length > 0);
});

it('weir itself and the kernel are asked by command lines that change nothing', async () => {
  const asked = (await supportItems(places)).map(({ from }) => from).filter((from) => !from.startsWith('/'));
  assert.deepEqual(
    asked.filter((line) => line.startsWith('weir ')),
    ['version', 'status', 'plan', 'check', 'config check', 'sidecar status', 'discovery status'].map(
      (words) => `weir ${words} --json`,
    ),
  );
});
