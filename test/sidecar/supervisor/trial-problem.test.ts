/** The reason of another weir that could not start, whatever it wrote. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trialProblem } from '../../../src/sidecar/supervisor/trial-problem.ts';

const envelope =
  '{"ok":true,"result":{}}\n{"ok":false,"error":{"message":"mesh.yaml:3:1: no such key","why":"a word"}}\n';
const exception = `file:///opt/weir/dist/x.js:1
throw new Error('half a package');
      ^

Error: half a package
    at file:///opt/weir/dist/x.js:1:7
    at ModuleJob.run (node:internal/modules/esm/module_job:561:25)

Node.js v24.21.0
`;
const missing = `node:internal/modules/cjs/loader:1
Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/opt/weir/dist/cli/run-cli.js'
    at x
`;

for (const [what, stdout, stderr, expected] of [
  ['its own error', envelope, 'warning: x', 'exit code 3: mesh.yaml:3:1: no such key: a word'],
  ['an exception', '', exception, 'exit code 3: Error: half a package'],
  [
    'half a package',
    '{"ok',
    missing,
    "exit code 3: Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/opt/weir/dist/cli/run-cli.js'",
  ],
  ['an old Node', '', 'weir needs Node.js 22 or newer\nhint\n', 'exit code 3: weir needs Node.js 22 or newer hint'],
  ['words on stdout', 'usage: x\n', '', 'exit code 3: usage: x'],
  ['a document without an error', '{"ok":true}', '', 'exit code 3: {"ok":true}'],
  ['nothing', '', '', 'it ended with exit code 3 without a word'],
] as const) {
  test(`${what} is told`, () => assert.equal(trialProblem(3, stdout, stderr), expected));
}
