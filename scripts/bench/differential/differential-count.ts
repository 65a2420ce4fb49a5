/** Counts of a differential run. */
import type { ArmTally } from '../../../test/oracle/dubbo/compare-rule.ts';

/** Counts over the rules of a run: by arm, and by construct in the first arm. */
export class DifferentialCount {
  private readonly byArm = new Map<string, ArmCount>();
  private readonly byConstruct = new Map<string, ArmCount>();
  private readonly wrongRules: string[] = [];

  /** Adds what one arm said of a rule. */
  add(arm: string, tally: ArmTally, constructs: readonly string[], text: string): void {
    count(this.byArm, arm, tally);
    if (arm === 'source') for (const construct of constructs) count(this.byConstruct, construct, tally);
    const [first] = tally.wrong;
    if (first !== undefined) this.wrongRules.push(`${arm}: ${first}\n${text}`);
  }

  /** Prints the tables and up to three wrong rules; gives the number of wrong ones. */
  print(title: string): number {
    process.stdout.write(`\n${title}\n${table(this.byArm)}\n${table(this.byConstruct)}\n`);
    for (const rule of this.wrongRules.slice(0, 3)) process.stdout.write(`wrong, ${rule}\n`);
    return this.wrongRules.length;
  }
}

interface ArmCount {
  rules: number;
  wrongRules: number;
  right: number;
  refused: number;
  wrong: number;
}

function count(into: Map<string, ArmCount>, key: string, tally: ArmTally): void {
  const row = into.get(key) ?? { rules: 0, wrongRules: 0, right: 0, refused: 0, wrong: 0 };
  row.rules += 1;
  row.wrongRules += tally.wrong.length > 0 ? 1 : 0;
  row.right += tally.right;
  row.refused += tally.refused;
  row.wrong += tally.wrong.length;
  into.set(key, row);
}

function table(rows: ReadonlyMap<string, ArmCount>): string {
  const line = (cells: readonly (string | number)[]): string =>
    cells.map((cell, at) => (at === 0 ? String(cell).padEnd(24) : String(cell).padStart(10))).join(' ');
  const head = line(['', 'rules', 'wrong', 'calls', 'right', 'refused', 'wrong']);
  const body = [...rows].map(([key, { rules, wrongRules, right, refused, wrong }]) =>
    line([key, rules, wrongRules, right + refused + wrong, right, refused, wrong]),
  );
  return [head, ...body].join('\n');
}
