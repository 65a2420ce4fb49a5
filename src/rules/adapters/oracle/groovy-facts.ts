/** Looks whether a real Groovy can be run here: the jar, Java, and what each says of its version. */
import { WeirError } from '../../../errors/weir-error.ts';
import { runTool } from '../../../platform/exec.ts';
import { GROOVY_VERSION, type GroovyJar, lookForGroovyJar } from './groovy-jar.ts';

const TIMEOUT_MS = 8000;

/** Facts about a real Groovy on this machine. */
export interface GroovyFacts {
  /** The version that weir compares scripts with. */
  readonly wanted: string;
  readonly jar: GroovyJar & {
    /** What Groovy says of itself when it is run from the jar; null when it was not run or said nothing. */
    readonly version: string | null;
  };
  /** Null: PATH holds no java. */
  readonly java: JavaFacts | null;
}

/** The java of PATH. */
export interface JavaFacts {
  /** `17.0.13`; null when it prints none. */
  readonly version: string | null;
  /** Whether it holds the compiler that a JRE lacks; null when it does not tell. */
  readonly isJdk: boolean | null;
}

/** Runs `java` and the jar for their versions. @throws WeirError WEIR2002 when one hangs. */
export async function readGroovyFacts(
  env: NodeJS.ProcessEnv = process.env,
  run: typeof runTool = runTool,
): Promise<GroovyFacts> {
  const jar = lookForGroovyJar(env);
  const java = await readJava(run);
  const main = ['java', '-XX:TieredStopAtLevel=1', '-cp', jar.path, 'groovy.ui.GroovyMain', '--version'] as const;
  const said = java === null || jar.state !== 'found' ? '' : (await run([...main], quiet())).stdout;
  return { wanted: GROOVY_VERSION, jar: { ...jar, version: /Groovy Version: (\S+)/.exec(said)?.[1] ?? null }, java };
}

async function readJava(run: typeof runTool): Promise<JavaFacts | null> {
  try {
    const [said, modules] = await Promise.all([
      run(['java', '-version'], quiet()),
      run(['java', '--list-modules'], quiet()),
    ]);
    const version = /version "([^"]+)"/.exec(`${said.stderr}${said.stdout}`)?.[1] ?? null;
    // Java 8 knows no modules.
    return { version, isJdk: modules.exitCode === 0 ? modules.stdout.includes('jdk.compiler@') : null };
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR2001') return null;
    throw error;
  }
}

function quiet(): { readonly timeoutMs: number; readonly reject: false } {
  return { timeoutMs: TIMEOUT_MS, reject: false };
}
