import { unpackedBinary, unpackProgram } from './unpack.ts';

/** The checker of metrics to call. */
export const promtoolBinary = (): Promise<string> => unpackedBinary('promtool');

/** Brings promtool; resolves to one line if it stays missing. */
export const installPromtool = (): Promise<string[]> =>
  unpackProgram('promtool', { debianPackage: 'prometheus', path: 'usr/bin/promtool', needs: 'tests of metrics' });
