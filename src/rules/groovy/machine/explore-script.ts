/** Scripts of the Dubbo script router, followed on every path. */
import type { CallAssumption, PlanAssumption } from '../../plan/route-plan.ts';
import type { ParsedGroovy } from '../syntax/parser.ts';
import type { TextRange } from '../syntax/source.ts';
import type { ListItem, Scope, Value } from '../values/values.ts';
import { type DecisionTree, Explorer, type PathLeaf, type StepResult } from './explorer.ts';
import type { MachineWorld } from './machine-core.ts';
import { EVERY_PROVIDER } from './predicates.ts';
import { advanceFrame, type ScriptFrame } from './script-frames.ts';
import { runnable, ScriptMachine } from './script-machine.ts';
import { leafOfError, outcomeOfValue } from './script-outcome.ts';

/** Every path of a rule and what was assumed on the way. */
export interface ExploredRule {
  readonly tree: DecisionTree;
  readonly assumptions: readonly PlanAssumption[];
  readonly callAssumptions?: readonly CallAssumption[];
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

  const finish = (value: Value, range: TextRange): StepResult<ScriptFrame | null> => {
    return { leaf: { kind: 'leaf', outcome: outcomeOfValue(value, machine.symbolic), range, notes: machine.notes } };
  };
  const step = (frame: ScriptFrame | null): StepResult<ScriptFrame | null> => {
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
      return advanceFrame(machine, frame, finish);
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
  const tree = explorer.explore<ScriptFrame | null>(null, step, limited);
  return { tree, assumptions: [...machine.assumptions.values()] };
}
