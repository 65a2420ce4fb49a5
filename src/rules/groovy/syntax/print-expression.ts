/** Expressions of the tree as Groovy text. */
import type { Argument, Expression, Parameter, TypeName } from './ast.ts';
import { isNamePart, isNameStart } from './name-characters.ts';

/** Prints blocks and class bodies; given by the statement printer, so that the two need not import each other. */
export interface NestedPrinter {
  readonly block: (statements: Extract<Expression, { kind: 'closure' }>['body'], indent: number) => string;
  readonly classBody: (body: NonNullable<Extract<Expression, { kind: 'new' }>['body']>, indent: number) => string;
}

const SUFFIX = { Integer: '', Long: 'L', BigInteger: 'G', BigDecimal: '', Double: 'd', Float: 'f' } as const;

/** A type as text. */
export function printTypeName(type: TypeName): string {
  return `${type.name}${type.typeArgs}${'[]'.repeat(type.dims)}`;
}

/** Parameters as text, without parentheses. */
export function printParameters(params: readonly Parameter[], indent: number, nested: NestedPrinter): string {
  const one = (param: Parameter): string => {
    const type = param.type ? `${printTypeName(param.type)}${param.varargs ? '...' : ''} ` : '';
    const init = param.init ? ` = ${printExpression(param.init, indent, nested)}` : '';
    return `${param.final ? 'final ' : ''}${type}${param.name}${init}`;
  };
  return params.map(one).join(', ');
}

/** An expression as Groovy text that parses to the same tree. Parentheses are nodes of the tree, so none are added. */
export function printExpression(node: Expression, indent: number, nested: NestedPrinter): string {
  const print = (child: Expression): string => printExpression(child, indent, nested);
  switch (node.kind) {
    case 'null':
    case 'this':
    case 'super':
      return node.kind;
    case 'boolean':
      return String(node.value);
    case 'number':
      return `${node.text}${SUFFIX[node.cls]}`;
    case 'string':
      return quote(node.value);
    case 'gstring':
      return `"${node.parts.map((part) => (typeof part === 'string' ? escapeText(part, '"') : embedded(part, indent, nested))).join('')}"`;
    case 'name':
      return node.name;
    case 'list':
      return `[${node.items.map(print).join(', ')}]`;
    case 'map':
      if (node.entries.length === 0) return '[:]';
      return `[${node.entries.map((entry) => (entry.key ? `${printKey(entry.key, print)}: ${print(entry.value)}` : `*: ${print(entry.value)}`)).join(', ')}]`;
    case 'spread':
      return `*${print(node.value)}`;
    case 'range':
      return `${print(node.from)}${node.inclusive ? '..' : '..<'}${print(node.to)}`;
    case 'closure':
      return printClosure(node, indent, nested);
    case 'property':
      return `${print(node.object)}${node.op}${printMember(node.name, print)}`;
    case 'method-pointer':
      return `${print(node.object)}.&${printMember(node.name, print)}`;
    case 'index':
      return `${print(node.object)}[${node.args.map(print).join(', ')}]`;
    case 'call': {
      const args = node.args.map((argument) => printArgument(argument, print)).join(', ');
      const callee = node.object ? `${print(node.object)}${node.op}${printMember(node.name, print)}` : print(node.name);
      return `${callee}(${args})`;
    }
    case 'new': {
      const args = node.args.map((argument) => printArgument(argument, print)).join(', ');
      const body = node.body ? ` ${nested.classBody(node.body, indent)}` : '';
      return `new ${printTypeName(node.type)}(${args})${body}`;
    }
    case 'new-array':
      return `new ${printTypeName(node.type)}${node.sizes.map((size) => `[${print(size)}]`).join('')}`;
    case 'unary':
      return `${node.op}${print(node.value)}`;
    case 'increment':
      return node.prefix ? `${node.op}${print(node.target)}` : `${print(node.target)}${node.op}`;
    case 'binary':
    case 'assign': {
      const [left, right] = node.kind === 'assign' ? [node.target, node.value] : [node.left, node.right];
      return `${print(left)} ${node.op} ${print(right)}`;
    }
    case 'instanceof':
    case 'as':
      return `${print(node.value)} ${node.kind} ${printTypeName(node.type)}`;
    case 'cast':
      return `(${printTypeName(node.type)}) ${print(node.value)}`;
    case 'ternary':
      return `${print(node.test)} ? ${print(node.then)} : ${print(node.otherwise)}`;
    case 'elvis':
      return `${print(node.value)} ?: ${print(node.otherwise)}`;
    case 'paren':
      return `(${print(node.value)})`;
    case 'tuple':
      return `(${node.names.map(print).join(', ')})`;
  }
}

function printClosure(node: Extract<Expression, { kind: 'closure' }>, indent: number, nested: NestedPrinter): string {
  const body = nested.block(node.body, indent);
  if (node.params === null) return body;
  return `{ ${printParameters(node.params, indent, nested)} ->${body.slice(1)}`;
}

function embedded(part: Expression, indent: number, nested: NestedPrinter): string {
  const statement = part.kind === 'closure' && part.params?.length === 0 ? part.body.statements[0] : undefined;
  if (statement?.kind === 'expression') return `\${-> ${printExpression(statement.value, indent, nested)}}`;
  return `\${${part.kind === 'null' ? '' : printExpression(part, indent, nested)}}`;
}

function printArgument(argument: Argument, print: (node: Expression) => string): string {
  if (argument.kind === 'spread') return `*${print(argument.value)}`;
  if (argument.kind === 'map-spread') return `*: ${print(argument.value)}`;
  return argument.key ? `${printKey(argument.key, print)}: ${print(argument.value)}` : print(argument.value);
}

function printKey(key: Expression, print: (node: Expression) => string): string {
  return print(key);
}

function printMember(name: Expression, print: (node: Expression) => string): string {
  if (name.kind !== 'string') return print(name);
  const plain =
    name.value !== '' && isNameStart(name.value.charAt(0)) && [...name.value].every((char) => isNamePart(char));
  return plain ? name.value : quote(name.value);
}

function quote(text: string): string {
  return `'${escapeText(text, "'")}'`;
}

function escapeText(text: string, mark: string): string {
  let out = '';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (char === '\\' || char === mark || (char === '$' && mark === '"')) out += `\\${char}`;
    else if (char === '\n') out += '\\n';
    else if (char === '\r') out += '\\r';
    else if (char === '\t') out += '\\t';
    else if (code < 32 || code === 0x2028 || code === 0x2029) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += char;
  }
  return out;
}
