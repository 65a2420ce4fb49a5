/**
 * Common start of the lab's programs: account and announcements. They ask for modules of Node by name: an import gives
 * each name of a module its value, so that Node loads web sockets and more, which is half of such a program's start.
 */
const { flushCompileCache } = process.getBuiltinModule('node:module');
const { createInterface } = process.getBuiltinModule('node:readline');

// Node keeps what it compiled at its end, which is a SIGKILL here, or one without the right to write.
flushCompileCache();

/**
 * Gives up root for the account in LAB_UID and LAB_GID. Programs do this themselves, after their modules are loaded:
 * that user may not be able to enter the folder that this project lies in.
 */
export function becomeLabUser(): void {
  const uid = process.env.LAB_UID;
  if (uid === undefined) return;
  process.setgroups?.([]);
  process.setgid?.(Number(process.env.LAB_GID ?? uid));
  process.setuid?.(Number(uid));
}

/** Prints one line `NAME {json}`; tests wait for it by its name. */
export function announce(name: string, value: unknown = {}): void {
  process.stdout.write(`${name} ${JSON.stringify(value)}\n`);
}

/**
 * Runs a handler for each line on stdin: its first word names the handler, the rest is its argument. The program ends
 * with its stdin: the kernel forgets to kill a child with its parent once the child has changed its user.
 */
export function onCommands(handlers: Readonly<Record<string, (argument: string) => void>>): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const [name = '', ...rest] = line.split(' ');
    handlers[name]?.(rest.join(' '));
  });
  lines.on('close', () => process.exit(0));
}

/** The argument JSON of the program: everything it needs to know, in one word of the command line. */
export function programOptions<Options>(): Options {
  return JSON.parse(process.argv[2] ?? '{}') as Options;
}
