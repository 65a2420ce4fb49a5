/** A command with one behaviour a word, run as a child process by base-command.test.ts. */

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Flags } from '@oclif/core';
import { Config } from '@oclif/core/config';
import { type CommandOutcome, type StreamOutcome, WeirCommand } from '../../src/cli/base-command.ts';
import { durationFlag, netnsFlag } from '../../src/cli/flags.ts';
import { WeirError } from '../../src/errors/weir-error.ts';
import { runTool } from '../../src/platform/exec.ts';
import { PROJECT_ROOT } from '../run-weir.ts';

type Outcome = CommandOutcome<unknown> | StreamOutcome;

class ProbeCommand extends WeirCommand<typeof ProbeCommand, unknown> {
  static override id = 'probe';
  static override strict = false;
  static override flags = {
    netns: netnsFlag(),
    drain: durationFlag({ summary: 'A duration.' }),
    confirm: durationFlag({ summary: 'One with a least value.', min: 1000 }),
    interval: durationFlag({ summary: 'One with a default.', default: 1500 }),
    backend: Flags.string({ options: ['nft', 'auto'] }),
  };

  protected override endsWithReader = true;
  protected override readonly computes = ['loop', 'look'].includes(this.argv[0] ?? '');

  protected override async execute(): Promise<Outcome> {
    const behaviour = this.words[0] as keyof typeof this.behaviours;
    return await this.behaviours[behaviour]();
  }

  readonly behaviours = {
    done: async () => ({ result: { n: 1 }, text: () => 'done' }),
    silent: async () => ({ result: {}, text: () => '' }),
    findings: async () => ({ result: { drift: 1 }, text: () => 'drift', exit: 1 as const }),
    paths: async () => ({ result: { ...this.flags }, text: () => JSON.stringify(this.flags) }),
    warned: async () => {
      this.warn('it is getting late');
      this.progress('half way');
      return { result: {}, text: () => 'done' };
    },
    announced: async () => {
      this.announce('direct after 3 ms');
      return { result: {}, text: () => 'drained' };
    },
    refused: async (): Promise<Outcome> => {
      this.warn('before the end');
      throw new WeirError('WEIR2004', {
        what: 'not now',
        why: 'first reason\nsecond reason',
        hint: 'later',
        location: { file: 'mesh.yaml', line: 2, column: 5 },
        details: { outcome: 'refused' },
      });
    },
    bug: async (): Promise<Outcome> => {
      throw new TypeError('cannot read the unreadable');
    },
    stream: async () => {
      this.warn('first');
      for (const n of [1, 2]) this.emit({ result: { n }, text: () => `line ${n}` });
      return { streamed: true as const };
    },
    // Goes on until nobody reads it.
    watch: async (): Promise<Outcome> => {
      for (;;) {
        this.emit({ result: {}, text: () => 'tick' });
        await sleep(10);
      }
    },
    // Writes more than a pipe holds, and waits for its reader.
    paced: async (): Promise<Outcome> => {
      let isRead = false;
      this.emit({ result: {}, text: () => 'x'.repeat(300_000) });
      const read = this.untilRead().then(() => {
        isRead = true;
      });
      for (let turn = 0; turn < 100; turn += 1) await nextTurn();
      this.progress(isRead ? 'read by nobody' : 'waiting');
      await read;
      this.progress(this.signal.aborted ? 'asked to end' : 'read');
      return { streamed: true };
    },
    // Works on, read or not.
    serve: async (): Promise<Outcome> => {
      this.endsWithReader = false;
      for (let n = 0; n < 20; n++) {
        this.emit({ result: { n }, text: () => 'x'.repeat(10_000) });
        await sleep(5);
      }
      this.progress('served');
      return { streamed: true };
    },
    crash: async (): Promise<Outcome> => {
      setTimeout(() => {
        throw new RangeError('thrown in a timer');
      });
      await sleep(20_000);
      return { streamed: true };
    },
    reject: async (): Promise<Outcome> => {
      Promise.reject(new RangeError('awaited by nobody'));
      await sleep(20_000);
      return { streamed: true };
    },
    tool: async () => {
      await runTool(['true', 'an argument'], { timeoutMs: 5000 });
      return { result: {}, text: () => '' };
    },
    // Knows nothing of signals.
    wait: async (): Promise<Outcome> => {
      this.progress('waiting');
      await sleep(20_000);
      return { result: {}, text: () => 'slept' };
    },
    // Waits for the signal, then ends in its own way.
    tidy: async () => {
      const { signal } = this;
      this.progress('waiting');
      await sleep(20_000, undefined, { signal }).catch(() => {});
      return { result: { left: 'as it was' }, text: () => 'left as it was' };
    },
    // Passes the signal on to Node and lets its AbortError out.
    abort: async (): Promise<Outcome> => {
      const { signal } = this;
      this.progress('waiting');
      await sleep(20_000, undefined, { signal });
      return { result: {}, text: () => 'slept' };
    },
    // Computes for ever.
    loop: async (): Promise<Outcome> => {
      this.progress('waiting');
      for (;;);
    },
    // Waits for something in the midst of its computing.
    look: async (): Promise<Outcome> => {
      const { signal } = this;
      await this.heard(() => {
        this.progress('waiting');
        return sleep(20_000, undefined, { signal });
      });
      return { result: {}, text: () => 'seen' };
    },
    // Takes the signal over and then hangs: only a second one helps.
    hang: async (): Promise<Outcome> => {
      this.signal.addEventListener('abort', () => this.progress('cleaning'));
      this.progress('waiting');
      await sleep(20_000);
      return { result: {}, text: () => 'slept' };
    },
  };
}

// As bin/run.js does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
const config = await Config.load({ root: PROJECT_ROOT });
const exit = await new ProbeCommand(process.argv.slice(2), config).run();
process.exit(exit);
