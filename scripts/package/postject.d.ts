/** Types of postject, which has none. */
declare module 'postject' {
  /** Puts `data` under a name into an executable file, and turns the fuse on that says so. */
  export function inject(
    file: string,
    name: string,
    data: Uint8Array,
    options: { sentinelFuse: string },
  ): Promise<void>;
}
