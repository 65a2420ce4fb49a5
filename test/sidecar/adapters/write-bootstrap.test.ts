/** Bootstraps that are written once Envoy accepts them. Envoy is a script that does as the file says. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { writeBootstrap } from '../../../src/sidecar/adapters/write-bootstrap.ts';

let folder = '';
const at = (name: string) => join(folder, name);

/** An Envoy that refuses files which hold `refuse`, and opens the access log as the real one does. */
const ENVOY = (log: string) => `#!/bin/sh
touch ${log}
while [ $# -gt 0 ]; do [ "$1" = -c ] && file=$2; shift; done
grep -q refuse "$file" || exit 0
echo "error initializing configuration: refused" >&2
exit 1
`;

const write = (name: string, content: object, force = false) =>
  writeBootstrap(at(name), content, at('envoy'), { accessLog: at('access.log'), force });

describe('writing a bootstrap', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-bootstrap-'));
    writeFileSync(at('envoy'), ENVOY(at('access.log')), { mode: 0o755 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes YAML, or JSON by the name, and leaves nothing else behind', async () => {
    await write('envoy.yaml', { node: { id: 'a' } });
    await write('envoy.json', { node: { id: 'a' } });
    assert.equal(readFileSync(at('envoy.yaml'), 'utf8'), 'node:\n  id: a\n');
    assert.deepEqual(JSON.parse(readFileSync(at('envoy.json'), 'utf8')), { node: { id: 'a' } });
    assert.deepEqual(readdirSync(folder).sort(), ['envoy', 'envoy.json', 'envoy.yaml']);
  });

  it('keeps an access log that was there', async () => {
    writeFileSync(at('access.log'), 'line\n');
    await write('envoy.yaml', {});
    assert.equal(readFileSync(at('access.log'), 'utf8'), 'line\n');
  });

  it('writes nothing that Envoy refuses, and says what it says', async () => {
    await assert.rejects(write('envoy.yaml', { refuse: true }), {
      code: 'WEIR4015',
      why: /does not accept it: .*refused/,
    });
    assert.deepEqual(readdirSync(folder), ['envoy']);
  });

  it('writes unchecked where there is no Envoy, and says so', async () => {
    const options = { accessLog: at('access.log'), force: false };
    assert.equal(await write('checked.json', {}), true);
    assert.equal(await writeBootstrap(at('a.json'), { refuse: true }, null, options), false);
    assert.equal(await writeBootstrap(at('b.json'), { refuse: true }, at('nobody'), options), false);
    assert.deepEqual(readdirSync(folder).sort(), ['a.json', 'b.json', 'checked.json', 'envoy']);
    await assert.rejects(writeBootstrap(at('a.json'), {}, null, options), { code: 'WEIR4015', why: 'the file exists' });
  });

  it('writes over a file only when it is told to', async () => {
    writeFileSync(at('envoy.yaml'), 'mine');
    await assert.rejects(write('envoy.yaml', {}), { code: 'WEIR4015', why: 'the file exists', hint: /--force/ });
    assert.equal(readFileSync(at('envoy.yaml'), 'utf8'), 'mine');
    await assert.rejects(write('envoy.yaml', { refuse: true }, true), { code: 'WEIR4015' });
    assert.equal(readFileSync(at('envoy.yaml'), 'utf8'), 'mine');
    await write('envoy.yaml', { node: {} }, true);
    assert.equal(readFileSync(at('envoy.yaml'), 'utf8'), 'node: {}\n');
  });

  it('says what is in its way, and a next step that helps against that', async () => {
    const noFolder = { code: 'WEIR4015', why: `there is no folder ${at('none')}`, hint: /^make the folder/ };
    await assert.rejects(write('none/envoy.yaml', {}, true), noFolder);
    const noPlace = { code: 'WEIR4015', why: `there is no folder ${at('envoy')}` };
    await assert.rejects(write('envoy/envoy.yaml', {}), noPlace);
    await assert.rejects(write('envoy.yaml', { refuse: true }), { code: 'WEIR4015', hint: /`binary`/ });
  });
});
