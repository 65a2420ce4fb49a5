/** Places in mesh.yaml. */
import type { ConfigPath } from './yaml/config-problem.ts';

/** Where something stands in mesh.yaml; both count from 1, columns in UTF-16 units as editors do. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** Tells where the value at a path stands. */
export type PositionOf = (path: ConfigPath, part?: 'key' | 'value') => SourcePosition;
