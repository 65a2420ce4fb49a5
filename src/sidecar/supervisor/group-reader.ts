/** mesh.yaml as the supervisor of several sidecars reads it: once for all that ask at the same time. */
import { WeirError } from '../../errors/weir-error.ts';
import type { SidecarSpec } from '../ports.ts';
import type { SupervisedSidecar } from '../usecases/supervised-sidecar.ts';

/** Reads the sidecars of a group. */
export class GroupReader {
  readonly #readAll: () => Promise<readonly SupervisedSidecar[]>;
  readonly #names: readonly string[] | null;
  readonly #file: string;
  #reading: Promise<readonly SupervisedSidecar[]> | null = null;

  /** `names` null: all that weir runs. `file` is mesh.yaml as messages name it. */
  constructor(readAll: () => Promise<readonly SupervisedSidecar[]>, names: readonly string[] | null, file: string) {
    this.#readAll = readAll;
    this.#names = names;
    this.#file = file;
  }

  /** The sidecars of the group that mesh.yaml has now. Throws the errors of the file. */
  async read(): Promise<readonly SupervisedSidecar[]> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = null;
    });
    const all = await this.#reading;
    return this.#names === null ? all : all.filter(({ spec }) => this.#names?.includes(spec.name));
  }

  /** The entry of one of them. Throws WEIR4011 when mesh.yaml has it no more. */
  async readSpec(name: string): Promise<SidecarSpec> {
    const found = (await this.read()).find(({ spec }) => spec.name === name);
    if (found !== undefined) return found.spec;
    throw new WeirError('WEIR4011', {
      what: `${this.#file} has no sidecar ${JSON.stringify(name)} that weir runs`,
      why: 'it was taken out, or has no `binary` and `bootstrap` any more',
      hint: 'SIGHUP to the supervisor makes it follow mesh.yaml',
    });
  }
}
