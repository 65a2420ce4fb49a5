import { unpackedBinary, unpackProgram } from './unpack.ts';

/** The checker of Alertmanager's routes to call. */
export const amtoolBinary = (): Promise<string> => unpackedBinary('amtool');

/** Brings amtool; resolves to one line if it stays missing. */
export const installAmtool = (): Promise<string[]> =>
  unpackProgram('amtool', {
    debianPackage: 'prometheus-alertmanager',
    path: 'usr/bin/amtool',
    needs: 'tests of alerts',
  });
