import type { PlanAssumption } from '../route-plan.ts';
import type { Statement, StatementOf } from './ast.ts';
import { type DecisionTree, Explorer, type PathLeaf, type StepResult } from './explorer.ts';
import type { MachineWorld } from './machine-core.ts';
import type { ParsedGroovy } from './parser.ts';
import { EVERY_PROVIDER } from './predicates.ts';
import { runnable, ScriptMachine } from './script-machine.ts';
import { leafOfError, outcomeOfValue } from './script-outcome.ts';
import type { TextRange } from './source.ts';
import type { ListItem, Scope, Value } from './values.ts';

/** Every path of a rule and what was assumed on the way. */
export interface ExploredRule {
  readonly tree: DecisionTree;
  readonly assumptions: readonly PlanAssumption[];
}

interface Frame {
  readonly statements: readonly Statement[];
  readonly at: number;
  readonly scope: Scope;
  readonly parent: Frame | null;
  /** The last statement's value is the script's. */
  readonly tail: boolean;
  /** A switch whose cases are being tried, one a step. */
  readonly trying?: { readonly statement: StatementOf<'switch'>; readonly value: Value; readonly at: number };
  /** `break` leaves this frame. */
  readonly breakable?: boolean;
}

/** The providers as a list: all of them as one segment, or those that one call sees. */
export function invokersOf(world: MachineWorld): ListItem[] {
  const { call } = world;
  if (!call) return [{ kind: 'segment', where: EVERY_PROVIDER, item: { kind: 'host', type: 'invoker', of: 'each' } }];
  const present = world.providers.flatMap((provider, index) =>
    call.only && !call.only.includes(provider.id) ? [] : [index],
  );
  return present.map((index) => ({ kind: 'host', type: 'invoker', of: index }));
}

/** Follows every path of a script of the Dubbo script router. */
export function exploreScript(parsed: ParsedGroovy, world: MachineWorld): ExploredRule {
  const explorer = new Explorer();
  const machine = new ScriptMachine(parsed.source, world, explorer);
  const whole: TextRange = { start: 0, end: Math.min(parsed.source.text.length, 1) };
  const statements = runnable(parsed.script);
  let scope: Scope | undefined;

  const finish = (value: Value, range: TextRange): StepResult<Frame | null> => {
    return { leaf: { kind: 'leaf', outcome: outcomeOfValue(value, machine.symbolic), range, notes: machine.notes } };
  };
  const step = (frame: Frame | null): StepResult<Frame | null> => {
    const range = frame?.statements[frame.at] ?? whole;
    const notes = machine.notes;
    explorer.log(() => {
      machine.notes = notes;
    });
    try {
      if (frame === null) {
        if (scope !== undefined) return finish(null, whole);
        const bindings = {
          invokers: machine.list(invokersOf(world)),
          invocation: { kind: 'host', type: 'invocation' },
          context: { kind: 'host', type: 'context' },
        } as const;
        scope = machine.load(parsed.script, bindings);
        machine.initStatics();
        return { next: { statements, at: 0, scope, parent: null, tail: true } };
      }
      return advance(machine, frame, finish);
    } catch (error) {
      return { leaf: leafOfError(error, parsed.source, range, machine.notes) };
    }
  };
  const limited = (range?: TextRange): PathLeaf => ({
    kind: 'leaf',
    outcome: {
      kind: 'opaque',
      code: 'path-limit',
      reason: 'the script has more paths than weir follows',
      span: parsed.source.span(range ?? whole),
    },
    range: range ?? whole,
    notes: [],
  });
  const tree = explorer.explore<Frame | null>(null, step, limited);
  return { tree, assumptions: [...machine.assumptions.values()] };
}

/** One statement of the outermost block. Branches are entered, not run, so that a long list of rules costs linear time. */
function advance(
  machine: ScriptMachine,
  frame: Frame,
  finish: (value: Value, range: TextRange) => StepResult<Frame | null>,
): StepResult<Frame | null> {
  const statement = frame.statements[frame.at];
  if (statement === undefined) {
    if (frame.parent === null || frame.tail) return finish(null, frame.statements.at(-1) ?? { start: 0, end: 1 });
    return { next: { ...frame.parent, at: frame.parent.at + 1 } };
  }
  if (frame.trying) return tryCase(machine, frame, frame.trying);
  const tail = frame.tail && frame.at === frame.statements.length - 1;
  if (statement.kind === 'switch' && (!tail || statement.cases.every(endsPath))) {
    const value = machine.eval(statement.value, frame.scope);
    return { next: { ...frame, trying: { statement, value, at: 0 } } };
  }
  const value = statement.kind === 'return' || (tail && statement.kind === 'expression') ? statement.value : null;
  if (
    value?.kind === 'call' &&
    value.object === null &&
    value.name.kind === 'name' &&
    value.args.every((arg) => arg.kind === 'positional')
  ) {
    const entered = machine.enterMethod(value, frame.scope);
    if (entered) return { next: { ...entered, at: 0, parent: null, tail: true } };
  }
  if (statement.kind === 'if') {
    const branch = machine.truth(machine.eval(statement.test, frame.scope)) ? statement.then : statement.otherwise;
    if (branch === null) return tail ? finish(null, statement) : { next: { ...frame, at: frame.at + 1 } };
    const statements = branch.kind === 'block' ? branch.statements : [branch];
    return { next: { statements, at: 0, scope: machine.child(frame.scope), parent: frame, tail } };
  }
  const done = tail ? machine.execTail(statement, frame.scope) : machine.exec(statement, frame.scope);
  if (done?.type === 'return') return finish(done.value, statement);
  if (done?.type === 'break') {
    let left: Frame | null = frame;
    while (left && !left.breakable) left = left.parent;
    if (left?.parent) return { next: { ...left.parent, at: left.parent.at + 1 } };
  }
  return { next: { ...frame, at: frame.at + 1 } };
}

/** Whether a case needs no value of its own: it is empty, or ends by itself. */
function endsPath(clause: StatementOf<'switch'>['cases'][number]): boolean {
  const last = clause.body.at(-1);
  return last === undefined || last.kind === 'return' || last.kind === 'throw';
}

/** Tries one case; a hit enters its statements and those it falls through to. */
function tryCase(machine: ScriptMachine, frame: Frame, trying: NonNullable<Frame['trying']>): StepResult<Frame | null> {
  const { statement, value, at } = trying;
  const { trying: _, ...after } = frame;
  const enter = (index: number): StepResult<Frame | null> => {
    const statements = statement.cases.slice(index).flatMap((clause) => clause.body);
    return {
      next: { statements, at: 0, scope: machine.child(frame.scope), parent: after, tail: false, breakable: true },
    };
  };
  const clause = statement.cases[at];
  if (clause) {
    const hit = clause.test !== null && machine.caseHits(clause.test, value, frame.scope);
    return hit ? enter(at) : { next: { ...frame, trying: { ...trying, at: at + 1 } } };
  }
  const fallback = statement.cases.findIndex((candidate) => candidate.test === null);
  return fallback >= 0 ? enter(fallback) : { next: { ...after, at: frame.at + 1 } };
}
