/** How many programs the commands of a host in trouble start, with few connections and with many. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BACKENDS, setStage } from './stage.ts';

const TOOLS = [
  ...['nft', 'conntrack', 'ss', 'ip', 'flock', 'lsns', 'getent'],
  ...['iptables', 'ip6tables'].flatMap((tool) =>
    ['nft', 'legacy'].flatMap((kind) => ['', '-save', '-restore'].map((end) => `${tool}-${kind}${end}`)),
  ),
];
/** More than the kernel shows in one page, and than weir reads by itself. */
const MANY = 2000;

test('off starts at most ten programs on each back end; however many connections there are, four more list them', async (context) => {
  const { lab, weir } = await setStage('programs', { test: context });
  const bin = join(lab.folder, 'counted');
  const log = join(lab.folder, 'calls');
  mkdirSync(bin);
  for (const tool of TOOLS) {
    // The wrapper is not in the path of what it becomes.
    const text = `#!/bin/sh\necho ${tool} >>'${log}'\nPATH='${process.env.PATH}:/usr/sbin:/sbin'\nexec ${tool} "$@"\n`;
    writeFileSync(join(bin, tool), text, { mode: 0o755 });
  }
  const started = async (...args: string[]): Promise<string[]> => {
    writeFileSync(log, '');
    const { code, stdout } = await weir.inside(args, { PATH: `${bin}:${process.env.PATH}` });
    assert.equal(code, 0, stdout);
    return readFileSync(log, 'utf8').trim().split('\n');
  };
  const connections = Array.from({ length: MANY }, (_, at) => {
    const tuple = `-s 10.1.0.1 -d 10.2.0.1 --sport ${1024 + at} --dport 9`;
    return `-A -p tcp ${tuple} --state ESTABLISHED -t 600 -m 0\n`;
  });
  const crowdFile = join(lab.folder, 'crowd');
  writeFileSync(crowdFile, connections.join(''));
  for (const backend of BACKENDS) {
    for (const crowd of ['few', 'many']) {
      const on = await started('on', 'payment', '--backend', backend);
      assert.ok(on.length > 10, `the programs of on are counted: ${on}`);
      if (crowd === 'many') await lab.client.sh(`conntrack -R ${crowdFile}`);
      const status = await started('status', 'payment');
      const off = await started('off', 'payment', '--existing', 'keep');
      assert.ok(status.length <= 10, `${backend}, ${crowd} connections: status starts ${status.length}: ${status}`);
      // A table that does not fit into a page is conntrack's: a family each, before the switch and after it.
      const listings = off.filter((tool) => tool === 'conntrack').length;
      assert.ok(listings <= (crowd === 'few' ? 0 : 4), `${backend}, ${crowd} connections: ${off}`);
      assert.ok(off.length - listings <= 10, `${backend}, ${crowd} connections: off starts ${off.length}: ${off}`);
    }
    await weir.json(['uninstall', '--existing', 'cut']);
    await lab.client.sh('conntrack -F');
  }
});
