/** Asks the mesh router of a real Dubbo. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RoutingCall, RoutingProvider } from '../../../src/rules/case-file.ts';
import { PROJECT_ROOT } from '../../run-weir.ts';
import { javaClassPath } from '../java-class-path.ts';
import { JavaLines } from '../java-lines.ts';

/** What the router of a real Dubbo gave for a call. */
export type OracleAnswer = { readonly providers: readonly string[] } | { readonly error: string };

/** One question: a rule text for an application, its providers, and calls. */
export interface OracleQuestion {
  readonly app: string;
  readonly yaml: string;
  readonly providers: readonly RoutingProvider[];
  readonly calls: readonly RoutingCall[];
}

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** The folder of CallValues.java. */
const CALL_VALUES = join(PROJECT_ROOT, 'src/rules/adapters/oracle');

/**
 * A long-lived Java process with the mesh router of Dubbo 3.3.6. Its jars are fetched by Maven and its class compiled on
 * first use, then kept in node_modules/.cache. Needs java, javac and mvn; a missing one fails the test that asks.
 */
export class MeshOracle implements AsyncDisposable {
  private readonly lines: JavaLines;

  private constructor(lines: JavaLines) {
    this.lines = lines;
  }

  static async start(): Promise<MeshOracle> {
    return new MeshOracle(
      await JavaLines.start(javaClassPath('dubbo-3.3.6', HERE, ['MeshOracle'], [CALL_VALUES]), 'MeshOracle'),
    );
  }

  async ask(question: OracleQuestion): Promise<OracleAnswer[]> {
    return (await this.lines.ask<{ results: OracleAnswer[] }>(question)).results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lines[Symbol.asyncDispose]();
  }
}
