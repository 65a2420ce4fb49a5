/** The record of a fetched Envoy binary. */
import * as z from 'zod/mini';
import type { RecordKind } from '../../platform/record.ts';

/** An Envoy binary in the versions store, by its content. */
export interface FetchedBinary {
  readonly sha256: string;
  readonly version: string;
  readonly hotRestartVersion: string | null;
  readonly bytes: number;
  /** File capabilities as getcap writes them, '' for none; null: nobody could tell. */
  readonly capabilities: string | null;
  /** When it was fetched, by the wall clock, as ISO text. */
  readonly at: string;
  readonly from: string;
}

/** `binaries/SHA256/binary.json`. */
export const BINARY_FILE: RecordKind<FetchedBinary> = {
  name: 'record of a fetched binary',
  version: 1,
  schema: z.object({
    sha256: z.string(),
    version: z.string(),
    hotRestartVersion: z.nullable(z.string()),
    bytes: z.int(),
    capabilities: z.nullable(z.string()),
    at: z.string(),
    from: z.string(),
  }),
};
