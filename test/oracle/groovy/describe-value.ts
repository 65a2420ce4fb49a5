/** Values of weir's model in the notation of the Groovy oracle. */
import type { RoutingCall, RoutingProvider } from '../../../src/rules/case-file.ts';
import { GroovyThrow, OpaqueSignal } from '../../../src/rules/groovy/machine/exceptions.ts';
import { invokersOf } from '../../../src/rules/groovy/machine/explore-script.ts';
import { Explorer } from '../../../src/rules/groovy/machine/explorer.ts';
import { ScriptMachine } from '../../../src/rules/groovy/machine/script-machine.ts';
import { parseGroovy } from '../../../src/rules/groovy/syntax/parser.ts';
import { isSegment } from '../../../src/rules/groovy/syntax/segments.ts';
import { GroovySource } from '../../../src/rules/groovy/syntax/source.ts';
import { concreteText, rangeItems } from '../../../src/rules/groovy/values/concrete.ts';
import type { ListItem, Value } from '../../../src/rules/groovy/values/values.ts';

/** A value with its class, as the oracle's `Values` writes it. */
export function describeValue(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return `Boolean ${value}`;
  if (typeof value === 'string') return `s"${value}"`;
  const all = (items: readonly ListItem[]): string[] =>
    items.map((item) => (isSegment(item) ? 'segment' : describeValue(item)));
  switch (value.kind) {
    case 'number':
      return `${value.cls} ${concreteText(value)}`;
    case 'char':
      return `Character ${value.text}`;
    case 'gstring':
      return `g"${concreteText(value)}"`;
    case 'list': {
      const items = all(value.items);
      return `${value.view === true ? 'view' : value.sort}[${(value.sort === 'set' ? items.sort() : items).join(', ')}]`;
    }
    case 'range':
      return `range[${all(rangeItems(value)).join(', ')}]`;
    case 'map':
      return `map[${[...value.entries.values()]
        .map(([key, item]) => `${describeValue(key)}=${describeValue(item)}`)
        .sort()
        .join(', ')}]`;
    case 'class':
      return `class ${String(value.name)}`;
    case 'pattern':
      return `pattern ${value.source}`;
    case 'closure':
      return 'closure';
    case 'throwable':
      return `throwable ${value.cls}`;
    case 'host':
      if (value.type === 'bean' && 'key' in value.fields)
        return `entry ${describeValue(value.fields.key ?? null)}=${describeValue(value.fields.value ?? null)}`;
      return value.type === 'collector' ? 'java.util.stream.Collectors$CollectorImpl' : value.type;
    case 'stream': {
      const last = value.steps.at(-1)?.name;
      return `java.util.stream.ReferencePipeline$${last === undefined ? 'Head' : last === 'filter' ? 2 : 3}`;
    }
    default:
      return value.kind;
  }
}

const CALL: RoutingCall = {
  service: 's.Svc',
  method: 'pay',
  paramTypes: [],
  args: [],
  attachments: {},
  consumer: {},
};

/** What weir's model of Groovy gives for an expression: a value, `!class` for what is thrown, or `?reason` where it does not know. */
export function modelValue(
  expression: string,
  call: RoutingCall = CALL,
  providers: readonly RoutingProvider[] = [],
): string {
  const source = new GroovySource('expression.groovy', expression);
  const parsed = parseGroovy(source);
  const [problem] = parsed.errors;
  if (problem) return `?${problem.message}`;
  const world = { call, providers, snapshot: true, services: [] };
  const machine = new ScriptMachine(source, world, new Explorer());
  try {
    const scope = machine.load(parsed.script, {
      invokers: machine.list(invokersOf(world)),
      invocation: { kind: 'host', type: 'invocation' },
      context: { kind: 'host', type: 'context' },
    });
    machine.initStatics();
    return describeValue(machine.run(parsed.script, scope));
  } catch (error) {
    if (error instanceof GroovyThrow) return `!${error.cls}`;
    if (error instanceof OpaqueSignal) return `?${error.reason}`;
    throw error;
  }
}
