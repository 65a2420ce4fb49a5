#!/usr/bin/env node
// Plain JavaScript that every Node with ES modules can parse: an old one must reach the check below, not a syntax error.
import module from 'module';

// Required, not imported: an import of a built-in makes all its lazy parts load, which costs a tenth of the start-up.
const require = module.createRequire(import.meta.url);
const fs = require('fs');
const path = require('path');
const url = require('url');

// Where the rest of weir is. The packaged weir, one executable, brings its parts itself (scripts/package/entry.cjs).
const parts = globalThis[Symbol.for('weir.parts')] || partsOnDisk();
const { root } = parts;

if (Number(process.versions.node.split('.')[0]) < 22) {
  // A checkout has a newer one beside its tools.
  const tools = path.join(root, 'node_modules', '.bin');
  const hint = fs.existsSync(path.join(tools, 'node'))
    ? 'this folder has one: `npx weir` takes it, or put ' + tools + ' first in PATH'
    : 'install a newer one, or put it first in PATH';
  process.stderr.write(
    'weir needs Node.js 22 or newer, this is ' + process.versions.node + ' (' + process.execPath + ')\n' + hint + '\n',
  );
  process.exit(2);
}

// A reader that has seen enough (`| head -1`) must not turn a running command into a crash, nor must a disk that is full:
// the command goes on, and its exit code says that its output is not whole.
const guardPipes = () => {
  process.stdout.on('error', (error) => {
    if (error.code !== 'EPIPE') process.exitCode = 1;
  });
  process.stderr.on('error', () => {});
};

// chalk does not know NO_COLOR, and Node warns when both are set: here NO_COLOR wins.
if (process.env.NO_COLOR) delete process.env.FORCE_COLOR;

// oclif asks the account for what these two do not say, which fails for a user id that no passwd file knows: services,
// containers and cron jobs run so.
process.env.HOME ||= homeOfAccount();
process.env.SHELL ||= '/bin/sh';

const argv = process.argv.slice(2);

// Resolves when everything written so far has been taken by the reader, however slow, or the pipe is closed.
const drained = (stream) => new Promise((resolve) => stream.write('', resolve));

if (argv.length === 1 && argv[0] === '--version') {
  guardPipes();
  process.stdout.write(readVersion() + '\n');
} else if (argv.length === 0 || (argv.length === 1 && (argv[0] === '--help' || argv[0] === '-h'))) {
  guardPipes();
  enableCompileCache();
  const { startPage, startPageFacts } = parts.quick('start-page');
  process.stdout.write(startPage(startPageFacts(parts.json('package.json'), parts.json('oclif.manifest.json'))));
} else {
  enableCompileCache();
  const begun = beginOff();
  guardPipes();
  const exit = await runWords(begun).catch((error) => cannotLoad(error, begun));
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit(exit || process.exitCode || 0);
}

function partsOnDisk() {
  const bin = fs.realpathSync(url.fileURLToPath(import.meta.url));
  const root = path.dirname(path.dirname(bin));
  return {
    root,
    command: [process.execPath, ...process.execArgv, bin],
    isPackaged: false,
    json: (name) => JSON.parse(fs.readFileSync(path.join(root, name), 'utf8')),
    quick: (name) => require('../dist/quick/' + name + '.cjs'),
    hasQuick: (name) => fs.existsSync(path.join(root, 'dist', 'quick', name + '.cjs')),
    late: (name) => import('../dist/' + name + '.js'),
    options: { root },
  };
}

async function runWords(begun) {
  return (await carryOutOff(begun)) ?? (await enterNetns()) ?? (await runCli());
}

// Files of weir that this process may not open any more (EMFILE, ENOMEM, EIO) are no findings: Node itself would end with 1.
async function cannotLoad(error, begun) {
  // Node's own reader of package.json says it in words.
  const isFull = error.code === 'EMFILE' || /too many open files/.test(error.message);
  if (error.syscall === undefined && !isFull) throw error;
  const first = begun === null ? null : await begun.first.catch(() => null);
  if (first !== null) process.stdout.write(first.names.join(', ') + ': new connections go direct\n');
  process.stderr.write(
    'error: weir could not be loaded: ' +
      error.message +
      '\n  next: ' +
      (isFull ? 'raise the limit of open files (`ulimit -n`), then ' : '') +
      'run the command again' +
      (first === null ? '' : ': nothing was tidied up, and no connection was counted') +
      '\n',
  );
  return first === null ? 3 : 1;
}

function readVersion() {
  return parts.json('package.json').version;
}

function homeOfAccount() {
  try {
    return require('os').homedir();
  } catch {
    return '/';
  }
}

// The switch before anything else, even before this process has its pipes: an operator in trouble waits for neither.
function beginOff() {
  return argv[0] === 'off' ? parts.quick('begin-off').beginOff(argv) : null;
}

async function carryOutOff(begun) {
  if (begun === null) return undefined;
  const { line, seen, first, begun: flows, mayGo } = begun;
  await mayGo;
  const { carryOutOff } = parts.quick('carry-out-off');
  return await carryOutOff(line, { argv, version: readVersion(), seen, first, begun: flows });
}

// Before the rest is loaded: with --netns this process is replaced by the same one in that namespace.
async function enterNetns() {
  // What they end may be on in another namespace than this one, or than its name means by now.
  const isEnd = argv[0] === 'off' || argv[0] === 'uninstall';
  if (!isEnd && !argv.some((word) => word === '--netns' || word.startsWith('--netns='))) return undefined;
  const { enterRememberedNetns, enterRequestedNetns } = await parts.late('platform/enter-netns');
  return (
    (isEnd ? await enterRememberedNetns(argv, parts.command) : undefined) ??
    (await enterRequestedNetns(argv, parts.command))
  );
}

async function runCli() {
  const own = 'command-' + argv[0];
  if (/^[a-z]+$/.test(argv[0] || '') && parts.hasQuick(own)) {
    const exit = await parts.quick(own).run(argv.slice(1), readVersion());
    if (exit !== undefined) return exit;
  }
  const { runCli } = await parts.late('cli/run-cli');
  return await runCli(argv, parts.options);
}

// Compiled code is kept in a folder that only this user can write: root must never load code that another user planted.
function enableCompileCache() {
  if (parts.isPackaged) return;
  const uid = process.getuid();
  const home = process.env.XDG_CACHE_HOME || (process.env.HOME && path.join(process.env.HOME, '.cache'));
  const parent = uid === 0 ? '/var/cache' : home;
  if (!parent) return;
  const folder = path.join(parent, 'weir');
  try {
    fs.mkdirSync(folder, { mode: 0o700, recursive: true });
    const stat = fs.lstatSync(folder);
    if (stat.isDirectory() && stat.uid === uid && (stat.mode & 0o022) === 0) module.enableCompileCache(folder);
  } catch {
    // A read-only file system: weir works the same, only some milliseconds slower.
  }
}
