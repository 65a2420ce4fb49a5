/** Bootstraps, binaries and scripts as people write and overwrite them, judged by what a real Envoy serves then. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, readFile, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { LabAnswer } from './lab-answer.ts';
import { NEW_ENVOY, OLD_ENVOY, SidecarLab } from './sidecar-lab.ts';

/** The account of the sidecar. */
const NOBODY = 65_534;

// biome-ignore lint/suspicious/noExplicitAny: the JSON of a bootstrap.
type Bootstrap = any;

describe('an upgrade to files as people write them', () => {
  let lab: SidecarLab;
  before(async () => {
    lab = await SidecarLab.open({ drain: '2s' });
    await lab.run();
  });
  after(async () => await lab?.close());

  /** The bootstrap that serves, changed; resolves to its path. */
  async function changed(name: string, change: (bootstrap: Bootstrap) => unknown): Promise<string> {
    const path = await lab.writeBootstrap(`${name}.json`);
    const bootstrap: Bootstrap = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify(change(bootstrap) ?? bootstrap));
    return path;
  }

  const listenerOf = (bootstrap: Bootstrap) => bootstrap.static_resources.listeners[0];
  const isSettled = (answer: LabAnswer) =>
    assert.deepEqual([answer.code, answer.json.result?.outcome], [0, 'settled'], JSON.stringify(answer.json));

  it('takes each spelling of a bootstrap that Envoy takes for the listeners that serve', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const spellings = [
        await changed('camel', camelCase),
        await changed('text', (one) => {
          listenerOf(one).address.socket_address.port_value = String(lab.port);
        }),
        await changed('wider', (one) => {
          listenerOf(one).address.socket_address.address = '0.0.0.0';
        }),
        await changed('unbound', (one) => {
          const unbound = structuredClone(listenerOf(one));
          unbound.name = 'unbound';
          unbound.address.socket_address.port_value = port;
          one.static_resources.listeners.push({ ...unbound, bind_to_port: false });
        }),
      ];
      for (const path of spellings) {
        const { code, json } = await lab.upgrade('--bootstrap', path, '--dry-run');
        assert.equal(code, 0, `${path}: ${JSON.stringify(json)}`);
      }
    } finally {
      other.close();
    }
  });

  it('keeps a listener unless its loss is accepted, and the way back needs no leave', async () => {
    const more = await lab.writeBootstrap('more.json', { extraPorts: [lab.sparePort] });
    const less = await lab.writeBootstrap('less.json');
    isSettled(await lab.upgrade('--bootstrap', more));
    const refused = await lab.upgrade('--bootstrap', less);
    assert.equal(refused.code, 3, JSON.stringify(refused.json));
    assert.match(refused.json.error.why, new RegExp(`no listener on 127.0.0.1:${lab.sparePort}.*--accept-risk drop`));
    isSettled(await lab.weir('sidecar', 'rollback', 'main'));
    await assert.rejects(fetch(`http://127.0.0.1:${lab.sparePort}/`));
    assert.equal((await fetch(`http://127.0.0.1:${lab.port}/`)).status, 200);
    isSettled(await lab.upgrade('--bootstrap', more));
    isSettled(await lab.upgrade('--bootstrap', less, '--accept-risk', 'drop-listener'));
  });

  it('keeps the binary that serves when only a bootstrap is named, and the stored one when its file is overwritten', async () => {
    const file = join(lab.folder, 'envoy');
    await copyFile(NEW_ENVOY, file);
    await chmod(file, 0o755);
    isSettled(await lab.upgrade('--binary', file));
    const alone = await lab.upgrade('--bootstrap', await lab.writeBootstrap('alone.json'));
    isSettled(alone);
    assert.match(alone.json.warnings.join('\n'), /binary/);
    assert.equal((await lab.status()).version, '1.40.0');
    isSettled(await lab.upgrade('--binary', OLD_ENVOY));
    // In place, as scp and `cp` do it.
    await copyFile(OLD_ENVOY, file);
    const back = await lab.weir('sidecar', 'rollback', 'main');
    isSettled(back);
    assert.deepEqual([back.json.result.to.version, (await lab.status()).version], ['1.40.0', '1.40.0']);
  });

  it('sees another Envoy behind the same script', async () => {
    const link = join(lab.folder, 'current');
    const script = join(lab.folder, 'start-envoy');
    await symlink(NEW_ENVOY, link);
    await writeFile(script, `#!/bin/sh\nexec ${link} "$@"\n`, { mode: 0o755 });
    isSettled(await lab.upgrade('--binary', script));
    assert.equal((await lab.upgrade('--binary', script)).json.result?.outcome, 'unchanged');
    await unlink(link);
    await symlink(OLD_ENVOY, link);
    const answer = await lab.upgrade('--binary', script);
    isSettled(answer);
    assert.equal((await lab.status()).version, '1.39.3');
  });
});

it('a sidecar is not started beside an Envoy of somebody else that would share its port', async () => {
  const lab = await SidecarLab.open();
  const path = await lab.writeBootstrap('foreign.json');
  const bootstrap: Bootstrap = JSON.parse(await readFile(path, 'utf8'));
  delete bootstrap.admin;
  for (const log of bootstrap.static_resources.listeners[0].filter_chains[0].filters)
    delete log.typed_config.access_log;
  await writeFile(path, JSON.stringify(bootstrap));
  const words = ['-c', path, '--disable-hot-restart', '--concurrency', '1'];
  const foreign = spawn(OLD_ENVOY, words, { uid: NOBODY, gid: NOBODY, stdio: 'ignore' });
  try {
    const answers = () =>
      fetch(`http://127.0.0.1:${lab.port}/`).then(
        ({ status }) => status === 200,
        () => false,
      );
    await lab.until('the Envoy of somebody else', answers);
    const child = lab.launch();
    const [code] = await once(child, 'close');
    assert.equal(code, 3, lab.log);
    assert.match(lab.log, new RegExp(`WEIR4014.*another process listens already.*127\\.0\\.0\\.1:${lab.port}`));
    assert.deepEqual(await lab.envoys(), []);
  } finally {
    foreign.kill('SIGKILL');
    await lab.close();
  }
});

/** The keys of protobuf's own JSON; keys that are names, such as types, stay. */
function camelCase(value: Bootstrap): Bootstrap {
  if (Array.isArray(value)) return value.map(camelCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      camelCase(inner),
    ]),
  );
}
