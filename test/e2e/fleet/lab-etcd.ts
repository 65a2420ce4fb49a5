/** A real etcd in the upstream namespace of a lab. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { etcdBinary } from '../../../scripts/setup/etcd.ts';
import { LAB_ADDRESSES, type Lab } from '../lab/lab.ts';
import type { LabProcess } from '../lab/lab-process.ts';

/** Where it answers. */
export const LAB_ETCD = `http://${LAB_ADDRESSES.upstream.ipv4}:2379`;

/** Starts it; `folder` is its data below that of the lab: another one is another store. */
export async function startEtcd(lab: Lab, folder = 'etcd'): Promise<LabProcess> {
  const data = join(lab.folder, folder);
  if (!existsSync(data)) mkdirSync(data, { mode: 0o700 });
  const clients = ['--listen-client-urls', LAB_ETCD, '--advertise-client-urls', LAB_ETCD];
  const rest = ['--listen-peer-urls', 'http://127.0.0.1:0', '--initial-cluster-token', folder, '--logger', 'zap'];
  const etcd = lab.start(lab.upstream, [await etcdBinary(), '--data-dir', data, ...clients, ...rest]);
  await etcd.line(/serving insecure client requests|serving client/);
  return etcd;
}
