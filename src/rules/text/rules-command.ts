/** The base class of the commands that compute on rules. */
import type { Command } from '@oclif/core/command';
import { WeirCommand } from '../../cli/base-command.ts';
import { openEngines, type RunEngines, ruleFiles } from '../compose.ts';
import type { EngineUse } from '../report/engine-use.ts';
import type { RuleFiles, ScriptOracle } from '../usecases/ports.ts';
import { engineLine } from './engine-line.ts';

/** What the result of a command says about real engines. */
export interface WithEngine {
  readonly oracle: EngineUse;
}

/** The real engines of one run, and the lines that say whether they were asked. */
export interface ToldEngines extends RunEngines {
  line(): string;
}

/** Waits for work with signals handled. */
type Heard = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Base of the commands of `weir rules`. Scripts of others decide how long they compute, and in a loop that does not wait
 * no handler of a signal runs. So signals are handled while files and engines are waited for, and else end the process.
 */
export abstract class RulesCommand<T extends typeof Command, Result> extends WeirCommand<T, Result> {
  protected override readonly computes = true;
  /** The files of this machine. */
  protected readonly files: RuleFiles = heardFiles(ruleFiles, (work) => this.heard(work));

  /** Real engines by the flag `--oracle`, as `openEngines` gives them. */
  protected async engines(wanted: 'auto' | 'groovy' | 'none'): Promise<ToldEngines> {
    const opened = await this.heard(() =>
      openEngines(wanted, this.config.root, this.signal, (text) => {
        this.warn(text);
      }),
    );
    const { engine } = opened;
    const heard = engine && heardEngine(engine, (work) => this.heard(work));
    return { ...opened, engine: heard, line: () => engineLine(opened.use()) };
  }
}

function heardFiles(files: RuleFiles, heard: Heard): RuleFiles {
  return {
    list: (...asked) => heard(() => files.list(...asked)),
    read: (...asked) => heard(() => files.read(...asked)),
    readIfPresent: (path) => heard(() => files.readIfPresent(path)),
    listFolder: (folder) => heard(() => files.listFolder(folder)),
    exists: (path) => heard(() => files.exists(path)),
    write: (path, text) => heard(() => files.write(path, text)),
    requireWritable: (path) => heard(() => files.requireWritable(path)),
    remove: (path) => heard(() => files.remove(path)),
    // Handlers come and go once for all of them, which costs more than to read a small file.
    together: (work) => heard(() => files.together(work)),
  };
}

function heardEngine(engine: ScriptOracle, heard: Heard): ScriptOracle {
  const { askRouter } = engine;
  return {
    ...engine,
    ask: (...asked) => heard(() => engine.ask(...asked)),
    ...(askRouter === undefined ? {} : { askRouter: (...asked) => heard(() => askRouter(...asked)) }),
  };
}
