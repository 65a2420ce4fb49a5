/** The one writer of stdout and stderr for a command. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WeirError } from '../errors/weir-error.ts';
import { outliveLostOutput } from '../platform/process/lasting-output.ts';
import { failureEnvelope, successEnvelope } from './envelope.ts';
import { formatErrorText } from './error-text.ts';
import { type Paint, paintFor } from './paint.ts';
import { type SamePlace, samePlace } from './same-place.ts';
import { proseColumns } from './terminal.ts';
import { fitLines, wrapText } from './wrap-text.ts';

/** Name of the diagnostics channel on which `runTool` tells of each child process: `{argv, exitCode, ms}`. */
const TOOL_CHANNEL = 'weir:tool';

/** A process says once that its stdout is lost, however many outputs it makes. */
let isLossTold = false;

/** A warning that was not repeated for this long is a new one. */
const FORGET_MS = 60_000;

/** Writes all that a command says: JSON alone on stdout with `--json`, else text on stdout; the rest on stderr. */
export class CommandOutput {
  readonly #isJson: boolean;
  readonly #isVerbose: boolean;
  readonly #samePlace: SamePlace;
  readonly #gone = Promise.withResolvers<void>();
  /** Resolves when nobody reads stdout any more (EPIPE). */
  readonly readerGone: Promise<void> = this.#gone.promise;
  #warnings: string[] = [];
  readonly #leave: readonly (() => void)[];
  /** When each warning was said last, in milliseconds of `performance.now`. */
  readonly #warned = new Map<string, number>();
  readonly #nowMs: () => number;

  constructor(mode: { json: boolean; verbose: boolean; argv?: readonly string[]; nowMs?: () => number }) {
    this.#nowMs = mode.nowMs ?? (() => performance.now());
    this.#samePlace = samePlace(mode.argv ?? []);
    this.#isJson = mode.json;
    this.#isVerbose = mode.verbose;
    if (this.#isVerbose) subscribe(TOOL_CHANNEL, this.#showTool);
    this.#leave = [
      outliveLostOutput(process.stdout, this.#onStdoutError),
      // Nothing is left to say it on.
      outliveLostOutput(process.stderr, () => {}),
    ];
  }

  /** Reads `--json` and `--verbose` from a command line that oclif may not be able to parse; `mode` overrides it. */
  static fromArgv(argv: readonly string[], mode: { verbose?: boolean } = {}): CommandOutput {
    const end = argv.indexOf('--');
    const flags = end === -1 ? argv : argv.slice(0, end);
    return new CommandOutput({ argv, json: flags.includes('--json'), verbose: flags.includes('--verbose'), ...mode });
  }

  /**
   * Says it once, however many parts of a command find the same fault. A program that lives on says it again when it is
   * found again after a minute of silence: it has come back then.
   */
  warn(text: string): void {
    const warning = this.#samePlace(text);
    const now = this.#nowMs();
    for (const [said, at] of this.#warned) if (now - at >= FORGET_MS) this.#warned.delete(said);
    const isKnown = this.#warned.has(warning);
    this.#warned.set(warning, now);
    if (isKnown) return;
    if (this.#isJson) this.#warnings.push(warning);
    else process.stderr.write(`${wrapped(`${paintFor('stderr').caution('warning:')} ${warning}`, '  ', 'stderr')}\n`);
  }

  progress(line: string): void {
    process.stderr.write(`${wrapped(line, '  ', 'stderr')}\n`);
  }

  /** A line of the result that cannot wait for the rest; with `--json` the document will hold it. */
  announce(line: string): void {
    if (!this.#isJson) process.stdout.write(`${fitLines(line, proseColumns('stdout'))}\n`);
  }

  /** `isVerbatim`: the text is for a program, and a terminal shows its lines as they are. */
  result(outcome: { result: unknown; text: (paint: Paint) => string; isVerbatim?: boolean }): void {
    const width = outcome.isVerbatim === true ? Number.POSITIVE_INFINITY : proseColumns('stdout');
    const text = this.#isJson
      ? successEnvelope(outcome.result, this.#takeWarnings())
      : fitLines(this.#samePlace(outcome.text(paintFor('stdout'))), width);
    if (text !== '') process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  failure(error: WeirError): void {
    const hint = this.#samePlace(error.hint);
    if (this.#isJson) process.stdout.write(`${failureEnvelope(error, hint, this.#takeWarnings())}\n`);
    else process.stderr.write(formatErrorText(error, paintFor('stderr'), { hint, columns: proseColumns('stderr') }));
  }

  /** Resolves when the reader of stdout has taken so much of it that more may be written, or is gone. */
  async room(signal: AbortSignal): Promise<void> {
    if (!process.stdout.writableNeedDrain) return;
    await Promise.race([once(process.stdout, 'drain', { signal }).catch(() => {}), this.readerGone]);
  }

  /** Resolves to whether readers took all that was written, so far and within these milliseconds. */
  async isTaken(waitMs: number): Promise<boolean> {
    const taken = [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve)));
    const late = new AbortController();
    const isLate = sleep(waitMs, false, { signal: late.signal }).catch(() => false);
    const isTaken = await Promise.race([Promise.all(taken).then(() => true), isLate]);
    late.abort();
    return isTaken;
  }

  dispose(): void {
    if (this.#isVerbose) unsubscribe(TOOL_CHANNEL, this.#showTool);
    for (const leave of this.#leave) leave();
  }

  // Each line of a stream carries the warnings that are new since the line before.
  #takeWarnings(): string[] {
    const taken = this.#warnings;
    this.#warnings = [];
    return taken;
  }

  readonly #onStdoutError = ({ code, message }: NodeJS.ErrnoException): void => {
    if (code === 'EPIPE') this.#gone.resolve();
    // The work is done all the same; bin/run.js turns a result that nobody can read into an exit code.
    else if (code !== 'ERR_STREAM_DESTROYED') this.#lost(message);
  };

  #lost(message: string): void {
    process.exitCode = 1;
    if (isLossTold) return;
    isLossTold = true;
    process.stderr.write(`weir: stdout could not be written, and what was said there is lost: ${message}\n`);
  }

  readonly #showTool = (message: unknown): void => {
    const { argv, exitCode, ms } = message as { argv: readonly string[]; exitCode: number | undefined; ms: number };
    this.progress(
      paintFor('stderr').faint(`+ ${argv.join(' ')}  (${exitCode ?? 'ended by a signal'}, ${Math.round(ms)} ms)`),
    );
  };
}

/** A line of prose broken at words on a terminal; the lines that follow are set in. */
function wrapped(line: string, indent: string, stream: 'stdout' | 'stderr'): string {
  return wrapText(line, proseColumns(stream) - indent.length).join(`\n${indent}`);
}
