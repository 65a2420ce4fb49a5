import { unpackedBinary, unpackProgram } from './unpack.ts';

/** The Prometheus to call. */
export const prometheusBinary = (): Promise<string> => unpackedBinary('prometheus');
/** The node_exporter to call. */
export const nodeExporterBinary = (): Promise<string> => unpackedBinary('prometheus-node-exporter');

/** Brings both; resolves to a line for each that stays missing. */
export async function installPrometheus(): Promise<string[]> {
  const needs = 'engine tests of metrics';
  const [server, exporter] = [
    await unpackProgram('prometheus', { debianPackage: 'prometheus', path: 'usr/bin/prometheus', needs }),
    await unpackProgram('prometheus-node-exporter', {
      ...{ debianPackage: 'prometheus-node-exporter', path: 'usr/bin/prometheus-node-exporter', needs },
    }),
  ];
  return [...server, ...exporter];
}
