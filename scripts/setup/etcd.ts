import { unpackedBinary, unpackProgram } from './unpack.ts';

/** The etcd to call. */
export const etcdBinary = (): Promise<string> => unpackedBinary('etcd');

/** Brings etcd; resolves to one line if it stays missing. */
export const installEtcd = (): Promise<string[]> =>
  unpackProgram('etcd', { debianPackage: 'etcd-server', path: 'usr/bin/etcd', needs: 'e2e tests of the fleet' });
