/** The ports of the sidecar commands, by the global flags. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sidecarPortsOf } from '../../../src/sidecar/cli/sidecar-command.ts';

test('mesh.yaml, sockets and journals are those of the flags', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-sidecar-command-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const places = { config: join(folder, 'mesh.yaml'), 'run-dir': join(folder, 'run'), 'state-dir': join(folder, 's') };
  const ports = sidecarPortsOf(places);
  assert.equal(ports.mesh.file, places.config);
  await assert.rejects(ports.mesh.load(), { exit: 2 });
  writeFileSync(
    places.config,
    'apiVersion: weir.dev/v1\nsidecars: {main: {user: 1, outbound: 15001, admin: "unix:/a.sock"}}\napps: {}\n',
  );
  assert.deepEqual([...(await ports.mesh.load()).sidecars.keys()], ['main']);
  assert.equal(ports.accessLogOf('main'), join(folder, 'run', 'main', 'access.log'));
  const { socket } = ports.supervisorOf('main');
  assert.ok(socket.startsWith(join(folder, 'run', 'main')), socket);
  const journal = join(folder, 's', 'sidecars', 'main');
  mkdirSync(journal, { recursive: true });
  const { entries } = await ports.journalOf('main');
  assert.deepEqual(entries, []);
});

test('every command about sidecars takes a network namespace', async () => {
  const folder = new URL('../../../src/commands/sidecar/', import.meta.url);
  const files = readdirSync(folder);
  assert.ok(files.length > 10, String(files));
  for (const file of files) {
    const { default: command } = await import(new URL(file, folder).href);
    assert.ok('netns' in { ...command.baseFlags, ...command.flags }, file);
  }
});
