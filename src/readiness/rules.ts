/** The checks of `weir check rules`. */
import { type Check, type CheckFinding, finding } from './check-finding.ts';
import type { DubboRouterFacts, GroovyFacts } from './ports.ts';

const WHY = 'a real Groovy confirms what weir says of routing scripts; `weir rules` does without where there is none';
const ROUTERS_WHY =
  'real routers confirm what weir says of condition, tag and JavaScript rules; `weir rules` does without';
/** The first Java that runs a source file (JEP 330). */
const OLDEST_JAVA = 11;
const JDK = 'install a JDK of version 11 or later: `apt-get install default-jdk-headless`';

/** Whether `weir rules` can ask a real Groovy. */
export const RULES_CHECKS: readonly Check[] = [
  {
    about: 'a JDK and the Groovy jar',
    why: WHY,
    async run(host) {
      const facts = await host.facts.groovy();
      return [judgeJava(facts), judgeJar(facts)];
    },
  },
  {
    about: 'the jars of real Dubbo routers',
    why: ROUTERS_WHY,
    async run(host) {
      return (await host.facts.dubboRouters()).map(judgeRouters);
    },
  },
];

// Where they are missing, nothing is wrong with the host: weir's models are tested on them.
function judgeRouters({ release, why }: DubboRouterFacts): CheckFinding {
  if (why === null) return finding('ok', `Dubbo ${release}`, ROUTERS_WHY);
  return finding('skipped', `no jars of Dubbo ${release}`, ROUTERS_WHY, {
    hint: 'set DUBBO_JARS to a folder with the jars, or fetch them with mvn dependency:get (docs/rules.md lists them)',
    evidence: why,
  });
}

function judgeJava({ java }: GroovyFacts): CheckFinding {
  const evidence = 'java on PATH';
  if (java === null) return finding('warning', 'no JDK: PATH holds no java', WHY, { hint: JDK });
  const { version, isJdk } = java;
  // `1.8.0_402` is Java 8.
  const major = Number(/^(?:1\.)?(\d+)/.exec(version ?? '')?.[1] ?? Number.NaN);
  if (version === null || Number.isNaN(major))
    return finding('skipped', 'java does not tell its version', WHY, { hint: JDK, evidence });
  if (major < OLDEST_JAVA) return finding('warning', `Java ${version} is too old`, WHY, { hint: JDK, evidence });
  if (isJdk === null)
    return finding('skipped', `Java ${version} does not list its modules`, WHY, { hint: JDK, evidence });
  if (!isJdk) return finding('warning', `Java ${version} is no JDK: it has no compiler`, WHY, { hint: JDK, evidence });
  return finding('ok', `JDK ${version}`, WHY, { evidence });
}

function judgeJar({ jar, java, wanted }: GroovyFacts): CheckFinding {
  const { path, state, why, version } = jar;
  const name = `groovy-all-${wanted}.jar`;
  const fetch = `set GROOVY_JAR to ${name}, or fetch it: mvn dependency:get -Dartifact=org.codehaus.groovy:groovy-all:${wanted}`;
  if (state === 'unknown')
    return finding('skipped', 'the Groovy jar cannot be looked for', WHY, {
      hint: 'look at it with the rights of its owner, or set GROOVY_JAR',
      evidence: why,
    });
  if (state === 'missing') return finding('warning', 'no Groovy jar', WHY, { hint: fetch, evidence: why });
  if (version === null) {
    if (java === null)
      return finding('skipped', 'the Groovy jar is there; its version is not known without java', WHY, {
        hint: JDK,
        evidence: path,
      });
    return finding('warning', 'the Groovy jar does not run', WHY, { hint: fetch, evidence: path });
  }
  if (version !== wanted)
    return finding('warning', `Groovy ${version}, not ${wanted}: other scripts compile there`, WHY, {
      hint: fetch,
      evidence: path,
    });
  return finding('ok', `Groovy ${version}`, WHY, { evidence: path });
}
