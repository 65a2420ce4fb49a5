/** Runs a command that was loaded without oclif. */
import { type PlainDefinitions, type PlainLine, readPlainLine } from './read-plain-line.ts';

/** A command whose base class is that of `plain/command.ts`. */
export interface PlainCommandClass extends PlainDefinitions {
  new (argv: readonly string[], config: { readonly version: string }, line: PlainLine): { run(): Promise<number> };
}

/** Resolves to the exit code; undefined when the line is not a plain one, and nothing was done then. */
export async function runPlain(
  command: PlainCommandClass,
  { words, version }: { readonly words: readonly string[]; readonly version: string },
): Promise<number | undefined> {
  const line = await readPlainLine(command, words, process.env);
  return line === null ? undefined : await new command(words, { version }, line).run();
}
