/** The check that a binary is the one that mesh.yaml means. */
import { WeirError } from '../errors/weir-error.ts';
import type { SidecarSpec, StoredPair } from './ports.ts';

/** Throws WEIR4003 when `sha256` stands beside `binary` in mesh.yaml and the file has another one. */
export function requireSha256({ sha256, binary }: SidecarSpec, { binarySha256 }: StoredPair): void {
  if (sha256 === null || sha256 === binarySha256) return;
  throw new WeirError('WEIR4003', {
    what: `${binary} is not the binary that mesh.yaml means`,
    why: `its SHA-256 is ${binarySha256}, mesh.yaml has ${sha256}`,
    hint: 'put the right file there, or write its SHA-256 into mesh.yaml',
  });
}
