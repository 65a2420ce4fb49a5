/** Signals to the commands of `weir rules` while they compute. */
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { RulesCommand } from '../../src/rules/text/rules-command.ts';
import { PROJECT_ROOT, runNode, WEIR_BIN } from '../run-weir.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-rules-signals-'));
after(() => rmSync(folder, { recursive: true }));
// Several of them, so that it still computes when a busy machine lets this test look again.
const scripts = Array.from({ length: 30 }, (_, index) => join(folder, `big-${index}.groovy`));
const document = join(folder, 'big.yaml');
const numbers = Array.from({ length: 8000 }, (_, index) => index);
const script = `${numbers.map((n) => `if (invocation.methodName == "m${n}") { return invokers.findAll { it.url.port == ${n} } }`).join('\n')}\nreturn invokers\n`;
for (const file of scripts) writeFileSync(file, script);
writeFileSync(
  document,
  `apiVersion: service.dubbo.apache.org/v1alpha1\nkind: VirtualService\nmetadata: {name: demo}\nspec:\n  hosts: [demo]\n  dubbo:\n${numbers
    .map(
      (n) =>
        `    - {services: [{exact: demo.S${n}}], routedetail: [{name: r, route: [{destination: {host: d, subset: v${n}}}]}]}`,
    )
    .join('\n')}\n`,
);

/**
 * Starts weir, waits until it computes, sends one SIGINT and prints how it ended. A process of its own: the one of the
 * tests may be busy with others for seconds. It computes when the handlers of its signals were there and stay away for
 * longer than between two reads of small files: proc(5), SigCgt of /proc/PID/status, the first bit (SIGHUP). Where this
 * watcher did not run while the handlers were there, weir ends by itself, and is started and watched again.
 */
const WATCHER = `
const { spawn } = require('node:child_process');
const { readFileSync } = require('node:fs');
const cell = new Int32Array(new SharedArrayBuffer(4));
const watch = (tries) => {
  const child = spawn(process.argv[1], process.argv.slice(2), { stdio: 'ignore' });
  let isOver = false;
  const handles = () => {
    const status = readFileSync('/proc/' + child.pid + '/status', 'utf8');
    isOver = /^State:\\tZ/m.test(status);
    const [, mask] = /^SigCgt:\\t([0-9a-f]+)$/m.exec(status) ?? [];
    return (BigInt('0x' + (mask ?? '0')) & 1n) !== 0n;
  };
  while (!handles() && !isOver);
  for (let looks = 0; looks < 20 && !isOver; looks = handles() ? 0 : looks + 1) Atomics.wait(cell, 0, 0, 2);
  const isSent = !isOver && child.kill('SIGINT');
  child.on('exit', (code, signal) => {
    if (isSent || tries === 1) console.log(JSON.stringify([code, signal]));
    else watch(tries - 1);
  });
};
watch(10);
`;

for (const args of [
  ['inspect', ...scripts, '--oracle', 'none'],
  ['convert', ...scripts, '--out', join(folder, 'out'), '--oracle', 'none'],
  ['lint', document],
]) {
  test(`weir rules ${args[0]}: one SIGINT ends it while it computes`, async () => {
    const argv = ['-e', WATCHER, process.execPath, WEIR_BIN, 'rules', ...args];
    const { stdout, stderr } = await runNode(argv);
    assert.equal(stdout.trim(), '[null,"SIGINT"]', stderr);
  });
}

test('every command of weir rules leaves signals to the system while it computes', async () => {
  const files = globSync('src/commands/rules/*.ts', { cwd: PROJECT_ROOT });
  assert.ok(files.length > 5);
  for (const file of files) {
    const { default: command } = await import(join(PROJECT_ROOT, file));
    assert.ok(command.prototype instanceof RulesCommand, file);
  }
});
