/** Images in a folder of the layout of OCI, made by umoci; the same layers give the same bytes. */
import { execFileSync } from 'node:child_process';

/** What a container of an image starts, when nothing else is asked for. */
const CONFIG = {
  'config.entrypoint': ['/usr/bin/weir'],
  'config.cmd': ['sidecar', 'run'],
  'config.env': ['PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  'config.stopsignal': ['SIGTERM'],
} as const;

/** A folder with images. Throws when umoci ends with an error. */
export class ImageLayout {
  readonly #folder: string;
  readonly #created: string;

  /** Makes the folder, which must not be there; all images in it are of `epoch`, seconds. */
  constructor(folder: string, epoch: number) {
    this.#folder = folder;
    this.#created = new Date(epoch * 1000).toISOString().replace('.000', '');
    umoci('init', '--layout', folder);
  }

  /** An image of one layer. */
  begin(tag: string, layer: string, what: string): void {
    const image = `${this.#folder}:${tag}`;
    umoci('new', '--image', image);
    this.#add(image, tag, layer, what);
    const words = Object.entries(CONFIG).flatMap(([name, values]) => values.flatMap((value) => [`--${name}`, value]));
    umoci('config', '--image', image, '--no-history', ...this.#dates(), ...words);
  }

  /** Another image: that of `base` and one more layer. */
  extend(base: string, tag: string, layer: string, what: string): void {
    this.#add(`${this.#folder}:${base}`, tag, layer, what);
    umoci('config', '--image', `${this.#folder}:${tag}`, '--no-history', ...this.#dates());
  }

  /** Removes what no image refers to. */
  finish(): void {
    umoci('gc', '--layout', this.#folder);
  }

  #add(image: string, tag: string, layer: string, what: string): void {
    const history = ['--history.created', this.#created, '--history.created_by', what];
    umoci('raw', 'add-layer', '--image', image, '--tag', tag, ...history, layer);
  }

  #dates(): string[] {
    return ['--created', this.#created];
  }
}

function umoci(...argv: readonly string[]): void {
  execFileSync('umoci', argv, { stdio: ['ignore', 'ignore', 'inherit'] });
}
