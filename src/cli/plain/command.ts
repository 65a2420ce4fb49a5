/** Stands in for oclif's Command where a command is loaded without oclif: its line has been read before it is made. */
import type { PlainLine } from './read-plain-line.ts';

/** What a command of weir uses of oclif's class. */
export class Command {
  static args = {};
  static baseFlags = {};
  static flags = {};
  static strict = true;

  readonly argv: readonly string[];
  /** Only a line that could be read is run, so no text of weir names the command itself. */
  readonly id = undefined;
  readonly config: { readonly version: string };
  readonly #line: PlainLine;

  constructor(argv: readonly string[], config: { readonly version: string }, line: PlainLine) {
    this.argv = argv;
    this.config = config;
    this.#line = line;
  }

  get ctor(): unknown {
    return this.constructor;
  }

  async parse(): Promise<PlainLine> {
    return this.#line;
  }
}
