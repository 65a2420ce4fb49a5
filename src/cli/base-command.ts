/** The base class of all commands: flags, output, errors, signals and exit codes. */
import type { Interfaces } from '@oclif/core';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import type { ExitCode, SuccessExit } from '../errors/exit-codes.ts';
import { WeirError } from '../errors/weir-error.ts';
import { watchForCrash } from '../platform/crash-watch.ts';
import { type EndingSignal, type Interruption, listenForInterruption } from '../platform/interruption.ts';
import { CommandOutput } from './command-output.ts';
import type { Paint } from './paint.ts';
import { toWeirError } from './to-weir-error.ts';

/** What a command that has done its work hands to the presenter. */
export interface CommandOutcome<Result> {
  /** Becomes `result` of the JSON envelope. */
  readonly result: Result;
  /** The text for humans; called only without `--json`. A missing final newline is added, '' prints nothing. */
  readonly text: (paint: Paint) => string;
  /** Whether the text is for a program, or to be pasted: a terminal then shows its lines whole, however wide they are. */
  readonly isVerbatim?: boolean;
  /** 0 if omitted. A command that could not do its work throws instead: only an error has another exit code. */
  readonly exit?: SuccessExit;
}

/** What a streaming command hands over at its end: everything has been written by `emit` already. */
export interface StreamOutcome {
  readonly streamed: true;
  readonly exit?: ExitCode;
}

type FlagsOf<T extends typeof Command> = Interfaces.InferredFlags<(typeof WeirCommand)['baseFlags'] & T['flags']>;
type ArgsOf<T extends typeof Command> = Interfaces.InferredArgs<T['args']>;

/** How long a command that a signal ended waits for the reader of its output, in milliseconds. */
const UNREAD_MS = 1000;

/**
 * Base of all commands. A command declares flags and args, and implements `execute`: it calls one use case and returns
 * the typed result with a renderer. Parsing, JSON, warnings, errors, signals and exit codes are dealt with here.
 */
export abstract class WeirCommand<T extends typeof Command, Result> extends Command {
  static override baseFlags = {
    json: Flags.boolean({ helpGroup: 'GLOBAL', summary: 'Print one JSON document on stdout.' }),
    config: Flags.string({
      default: '/etc/weir/mesh.yaml',
      env: 'WEIR_CONFIG',
      helpGroup: 'GLOBAL',
      helpValue: 'FILE',
      summary: 'The mesh.yaml to read.',
    }),
    'run-dir': Flags.string({
      default: '/run/weir',
      env: 'WEIR_RUN_DIR',
      helpGroup: 'GLOBAL',
      helpValue: 'DIR',
      summary: 'Where sockets, locks and off.sh live.',
    }),
    'state-dir': Flags.string({
      default: '/var/lib/weir',
      env: 'WEIR_STATE_DIR',
      helpGroup: 'GLOBAL',
      helpValue: 'DIR',
      summary: 'Where weir keeps what must survive a reboot.',
    }),
    verbose: Flags.boolean({ helpGroup: 'GLOBAL', summary: 'Show each child command on stderr.' }),
  };

  protected flags!: FlagsOf<T>;
  protected args!: ArgsOf<T>;
  /** Positional arguments as given, for commands that are not `strict`. */
  protected words!: readonly string[];
  /** The signals that ask this command to end; one with another use for SIGHUP leaves that out. */
  protected readonly endingSignals: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  /** Whether a stream ends when nobody reads it any more (`| head -1`): true for what only watches. */
  protected readonly endsWithReader: boolean = true;
  /**
   * Whether the command computes for long between its waits. A signal then ends it at once, by the action of the system:
   * there is no envelope. In `heard` signals are handled as in every command.
   */
  protected readonly computes: boolean = false;
  #interruption: Interruption | undefined;
  #output = new CommandOutput({ json: false, verbose: false });
  #isStream = false;

  /** Does the command's work. Throws WeirError for what went wrong. */
  protected abstract execute(): Promise<CommandOutcome<Result> | StreamOutcome>;

  /**
   * Aborts at SIGINT, SIGTERM or SIGHUP. A command that reads it decides itself how it ends, and with which exit code;
   * `signal.throwIfAborted()` ends it with 130, 143 or 129. A second signal ends the command at once.
   */
  protected get signal(): AbortSignal {
    this.#interruption ??= listenForInterruption(this.endingSignals);
    return this.#interruption.signal;
  }

  /** Waits for `work` in a command that `computes`, with signals handled; rejects when one came. */
  protected heard<T>(work: () => Promise<T>): Promise<T> {
    this.#interruption ??= listenForInterruption(this.endingSignals);
    return this.#interruption.heard(work);
  }

  /** Adds a warning to the envelope; without `--json` it goes to stderr at once. */
  override warn(warning: string): string;
  override warn(warning: Error): Error;
  override warn(warning: string | Error): string | Error {
    this.#output.warn(typeof warning === 'string' ? warning : warning.message);
    return warning;
  }

  /** Tells a human on stderr how far the command is. */
  protected progress(line: string): void {
    this.#output.progress(line);
  }

  /** Writes a line of the result ahead of the rest, for an operator who waits for it; nothing with `--json`. */
  protected announce(line: string): void {
    this.#output.announce(line);
  }

  /** Writes one item of a stream: one envelope on a line with `--json`, else the text. */
  protected emit(item: CommandOutcome<Result>): void {
    this.#isStream = true;
    this.#output.result(item);
  }

  /** Resolves when the reader has taken what was emitted, or a signal came: a stream goes on as fast as it is read. */
  protected untilRead(): Promise<void> {
    return this.#output.room(this.signal);
  }

  /** Runs the command and resolves to its exit code; never throws. */
  override async run(): Promise<ExitCode> {
    this.#output = CommandOutput.fromArgv(this.argv);
    this.#interruption ??= listenForInterruption(this.endingSignals);
    const crash = watchForCrash();
    try {
      // oclif would wait for a pipe on stdin and take its content for a missing argument: a loop's list, a script's body.
      for (const arg of Object.values(this.ctor.args)) arg.ignoreStdin = true;
      const { args, argv, flags } = await this.parse(this.ctor);
      this.args = args as ArgsOf<T>;
      this.flags = flags as FlagsOf<T>;
      this.words = argv as string[];
      await this.#requireNetns();
      if (this.computes) this.#interruption.leaveToSystem();
      const ends = [this.execute(), this.#interruption.forced, crash.crashed, this.#unread()];
      const outcome = await Promise.race(ends);
      if (!('streamed' in outcome)) this.#output.result(outcome);
      return outcome.exit ?? 0;
    } catch (thrown) {
      return this.#fail(thrown);
    } finally {
      crash.dispose();
      // Who asked it to end does not wait for a reader that reads no more.
      const isUnread = this.#interruption.reason !== undefined && !(await this.#output.isTaken(UNREAD_MS));
      this.#interruption.dispose();
      this.#output.dispose();
      if (isUnread) this.#interruption.repeat();
    }
  }

  // A single result has been worked for, read or not; a stream that nobody reads would go on for ever.
  async #unread(): Promise<StreamOutcome> {
    await this.#output.readerGone;
    if (this.#isStream && this.endsWithReader) return { streamed: true };
    return await new Promise<never>(() => {});
  }

  #fail(thrown: unknown): ExitCode {
    const error = toWeirError(this.#abortReason(thrown) ?? thrown, {
      argv: this.argv,
      weirVersion: this.config.version,
      usage: {
        command: this.id?.replaceAll(':', ' ') ?? '',
        flags: Object.keys({ ...this.ctor.baseFlags, ...this.ctor.flags }),
        argv: this.argv,
      },
    });
    this.#output.failure(error);
    return error.exit;
  }

  // Node's own functions reject with an AbortError of their own when our signal fires: the reason behind it is ours.
  #abortReason(thrown: unknown): unknown {
    const isAbort = thrown instanceof Error && thrown.name === 'AbortError';
    const reason = this.#interruption?.reason;
    return isAbort && reason instanceof WeirError ? reason : undefined;
  }

  async #requireNetns(): Promise<void> {
    const requested: unknown = (this.flags as Record<string, unknown>).netns;
    if (typeof requested !== 'string') return;
    const { requireNetns } = await import('../platform/enter-netns.ts');
    requireNetns(requested);
  }
}
