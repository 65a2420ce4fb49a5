/** Places in a script as frames, which a path can resume. */
import type { Statement, StatementOf } from '../syntax/ast.ts';
import { isSegment } from '../syntax/segments.ts';
import type { TextRange } from '../syntax/source.ts';
import type { ListItem, Scope, Value } from '../values/values.ts';
import type { StepResult } from './explorer.ts';
import type { Completion } from './machine-loops.ts';
import type { ScriptMachine } from './script-machine.ts';

/**
 * A position in a script: a block, its next statement, and the frame that entered it. Immutable, so a path can return
 * to it.
 */
export interface ScriptFrame {
  readonly statements: readonly Statement[];
  readonly at: number;
  readonly scope: Scope;
  readonly parent: ScriptFrame | null;
  /** The last statement's value is the script's. */
  readonly tail: boolean;
  /** A switch whose cases are being tried, one a step. */
  readonly trying?: { readonly statement: StatementOf<'switch'>; readonly value: Value; readonly at: number };
  /** A loop over values that are known, one turn a step. */
  readonly looping?: LoopState;
  /** `break` leaves this frame. */
  readonly breakable?: boolean;
  /** One turn of the loop of the parent. */
  readonly turn?: boolean;
  /** Holds an `else if` alone: nothing is left to do after it. */
  readonly chained?: boolean;
}

type LoopState =
  | {
      readonly kind: 'for-in';
      readonly statement: StatementOf<'for-in'>;
      readonly label: string | null;
      readonly turns: number;
      readonly items: readonly ListItem[];
    }
  | {
      readonly kind: 'for';
      readonly statement: StatementOf<'for'>;
      readonly label: string | null;
      readonly turns: number;
      readonly scope: Scope;
    }
  | {
      readonly kind: 'while';
      readonly statement: StatementOf<'while'>;
      readonly label: string | null;
      readonly turns: number;
    };

type Step = StepResult<ScriptFrame | null>;

/**
 * One statement of a script. The step enters branches and loops and does not run them. A step that decides runs again
 * from its start, so a loop over n values in one step would take n² turns.
 */
export function advanceFrame(
  machine: ScriptMachine,
  frame: ScriptFrame,
  finish: (value: Value, range: TextRange) => Step,
): Step {
  machine.explorer.tick();
  const statement = frame.statements[frame.at];
  if (statement === undefined) {
    if (frame.parent === null || frame.tail) return finish(null, frame.statements.at(-1) ?? { start: 0, end: 1 });
    return { next: frame.turn ? frame.parent : after(frame.parent) };
  }
  if (frame.trying) return tryCase(machine, frame, frame.trying);
  if (frame.looping) return takeTurn(machine, frame, frame.looping);
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
  if (statement.kind === 'if') return enterBranch(machine, frame, statement, tail, finish);
  const started = startLoop(machine, frame, statement);
  if (started && 'looping' in started) return { next: { ...frame, looping: started.looping } };
  const done = started
    ? started.done
    : tail
      ? machine.execTail(statement, frame.scope)
      : machine.exec(statement, frame.scope);
  if (done?.type === 'return') return finish(done.value, done.at ?? statement);
  return { next: done ? leave(frame, done) : after(frame) };
}

/** The frame at its next statement. */
function after(frame: ScriptFrame): ScriptFrame {
  const { trying: _, looping: __, ...rest } = frame;
  return { ...rest, at: frame.at + 1 };
}

/** The frame after `break` or `continue`. */
function leave(frame: ScriptFrame, done: Exclude<Completion, { type: 'return' }>): ScriptFrame {
  for (let at: ScriptFrame | null = frame; at?.parent; at = at.parent) {
    if (at.breakable && done.type === 'break' && done.label === null) return after(at.parent);
    if (at.turn && (done.label === null || done.label === at.parent.looping?.label))
      return done.type === 'break' ? after(at.parent) : at.parent;
  }
  return after(frame);
}

function enterBranch(
  machine: ScriptMachine,
  frame: ScriptFrame,
  statement: StatementOf<'if'>,
  tail: boolean,
  finish: (value: Value, range: TextRange) => Step,
): Step {
  const branch = machine.truth(machine.eval(statement.test, frame.scope)) ? statement.then : statement.otherwise;
  if (branch === null) return tail ? finish(null, statement) : { next: after(frame) };
  // A long chain of `else if` must not grow a scope and a frame with every link.
  if (branch.kind === 'if') {
    const parent = frame.chained ? frame.parent : frame;
    return { next: { statements: [branch], at: 0, scope: frame.scope, parent, tail, chained: true } };
  }
  const statements = branch.kind === 'block' ? branch.statements : [branch];
  return { next: { statements, at: 0, scope: machine.child(frame.scope), parent: frame, tail } };
}

/** Begins a loop. A loop over providers runs at once, for all of them. Undefined for other statements. */
function startLoop(
  machine: ScriptMachine,
  frame: ScriptFrame,
  given: Statement,
): { readonly looping: LoopState } | { readonly done: Completion | undefined } | undefined {
  const label = given.kind === 'label' ? given.name : null;
  const statement = given.kind === 'label' ? given.body : given;
  if (statement.kind === 'for-in') {
    const items = machine.iterable(machine.eval(statement.list, frame.scope));
    if (items.some(isSegment)) return { done: machine.runForIn(items, statement, frame.scope, label) };
    return { looping: { kind: 'for-in', statement, label, turns: 0, items } };
  }
  if (statement.kind === 'for') {
    const scope = machine.child(frame.scope);
    for (const init of statement.init) machine.exec(init, scope);
    if (statement.test && machine.goesOverProviders(statement.test, scope))
      return { done: machine.runFor(statement, scope, label) };
    return { looping: { kind: 'for', statement, label, turns: 0, scope } };
  }
  if (statement.kind !== 'while') return undefined;
  if (machine.goesOverProviders(statement.test, frame.scope))
    return { done: machine.execWhile(statement, frame.scope, label) };
  return { looping: { kind: 'while', statement, label, turns: 0 } };
}

/** Enters the next turn of a loop, or goes on after it. */
function takeTurn(machine: ScriptMachine, frame: ScriptFrame, looping: LoopState): Step {
  const { statement, turns } = looping;
  let scope = frame.scope;
  if (looping.kind === 'for-in') {
    if (turns >= looping.items.length) return { next: after(frame) };
    machine.countTurn(turns, statement);
    scope = machine.turnScope(looping.statement, looping.items[turns] as Value, scope);
  } else {
    if (looping.kind === 'for') {
      scope = looping.scope;
      if (turns > 0) for (const update of looping.statement.update) machine.eval(update, scope);
    }
    const { test } = looping.statement;
    if (test !== null && !machine.truth(machine.eval(test, scope))) return { next: after(frame) };
    machine.countTurn(turns, statement);
  }
  const { body } = statement;
  const statements = body.kind === 'block' ? body.statements : [body];
  const parent = { ...frame, looping: { ...looping, turns: turns + 1 } };
  return { next: { statements, at: 0, scope: machine.child(scope), parent, tail: false, turn: true } };
}

/** Whether a case needs no value of its own: it is empty, or ends by itself. */
function endsPath(clause: StatementOf<'switch'>['cases'][number]): boolean {
  const last = clause.body.at(-1);
  return last === undefined || last.kind === 'return' || last.kind === 'throw';
}

/** Tries one case; a hit enters its statements and those it falls through to. */
function tryCase(machine: ScriptMachine, frame: ScriptFrame, trying: NonNullable<ScriptFrame['trying']>): Step {
  const { statement, value, at } = trying;
  const { trying: _, ...parent } = frame;
  const enter = (index: number): Step => {
    const statements = statement.cases.slice(index).flatMap((clause) => clause.body);
    return { next: { statements, at: 0, scope: machine.child(frame.scope), parent, tail: false, breakable: true } };
  };
  const clause = statement.cases[at];
  if (clause) {
    const hit = clause.test !== null && machine.caseHits(clause.test, value, frame.scope);
    return hit ? enter(at) : { next: { ...frame, trying: { ...trying, at: at + 1 } } };
  }
  const fallback = statement.cases.findIndex((candidate) => candidate.test === null);
  return fallback >= 0 ? enter(fallback) : { next: after(parent) };
}
