/** The state of a sidecar that somebody else runs, by what its admin answers. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readManagedStatus, readSidecarStatus } from '../../../src/sidecar/adapters/read-sidecar-status.ts';

const INFO = {
  state: 'LIVE',
  version: 'abc/1.40.0/Clean/RELEASE/BoringSSL',
  command_line_options: { restart_epoch: 3 },
};

/** Asks about a foreign sidecar that tells this about itself, null being no Envoy; `ready` is its status, null: nobody listens. */
async function statusOf(info: object | null, ready: number | null) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-status-'));
  const server = createServer(({ url }, response) => {
    response.statusCode = url === '/ready' ? (ready ?? 500) : info === null ? 404 : 200;
    response.end(url === '/ready' ? 'said' : JSON.stringify(info));
  });
  const path = join(folder, 'admin.sock');
  try {
    if (ready !== null) await new Promise<void>((resolve) => server.listen(path, resolve));
    const sidecar = { name: 'main', admin: { kind: 'unix', path }, readyPath: '/ready' };
    const folders = { runDir: folder, stateDir: folder };
    const managed = await readManagedStatus(folders, 'main', sidecar as never);
    return { status: await readSidecarStatus(folders, sidecar as never), managed };
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

test('a sidecar of somebody else is live, starting or stopped, and its connections are not ours to count', async () => {
  const { status, managed } = await statusOf(INFO, 200);
  assert.equal(managed, null);
  assert.deepEqual(
    [status.state, status.version, status.epoch, status.managed, status.pid, status.supervisorPid],
    ['live', '1.40.0', 3, false, null, null],
  );
  assert.deepEqual(status.connections, { active: null });
  for (const [info, ready, state, detail] of [
    [{ ...INFO, state: 'INITIALIZING' }, 503, 'starting', /answered 503/],
    [INFO, 503, 'failed', /answered 503/],
    [null, 200, 'live', null],
    [null, 503, 'failed', /answered 503/],
    [null, null, 'stopped', /nobody listens/],
  ] as const) {
    const seen = (await statusOf(info, ready)).status;
    assert.equal(seen.state, state);
    if (detail === null) assert.equal(seen.detail, null);
    else assert.match(seen.detail ?? '', detail);
  }
});

test('without an entry in mesh.yaml and without a supervisor nobody can tell', async () => {
  const folders = { runDir: '/nonexistent', stateDir: '/nonexistent' };
  assert.equal(await readManagedStatus(folders, 'main', null), null);
});
