/** `weir off` as bin/run.js carries it out, but from src/: a child process of quick-off.test.ts. */
import { beginOff } from '../../../src/interception/cli/begin-off.ts';
import { carryOutOff } from '../../../src/interception/cli/carry-out-off.ts';

const argv = process.argv.slice(2);
const begun = beginOff(argv);
if (begun === null) process.stdout.write('not begun\n');
else process.exitCode = await carryOutOff(begun.line, { argv, version: '0.0.0', ...begun });
