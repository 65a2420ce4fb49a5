/** The printer of the tree: statements, classes and whole scripts. */
import type {
  Annotation,
  Block,
  CatchClause,
  ClassBody,
  ClassDeclaration,
  Declarator,
  MethodDeclaration,
  Script,
  Statement,
} from './ast.ts';
import { type NestedPrinter, printExpression, printParameters, printTypeName } from './print-expression.ts';

const NESTED: NestedPrinter = { block: printBlock, classBody: printClassBody };

/** A script as Groovy text. `parseGroovy(printGroovy(tree))` gives the same tree but for positions. */
export function printGroovy(script: Script): string {
  return script.statements.map((statement) => `${printStatement(statement, 0)}\n`).join('');
}

function pad(indent: number): string {
  return '    '.repeat(indent);
}

function expression(node: Parameters<typeof printExpression>[0], indent: number): string {
  return printExpression(node, indent, NESTED);
}

function printBlock(block: Block, indent: number): string {
  if (block.statements.length === 0) return `{\n${pad(indent)}}`;
  const lines = block.statements.map((statement) => `${pad(indent + 1)}${printStatement(statement, indent + 1)}\n`);
  return `{\n${lines.join('')}${pad(indent)}}`;
}

function printAnnotations(annotations: readonly Annotation[]): string {
  return annotations.map((annotation) => `@${annotation.name}${annotation.argText} `).join('');
}

function printDeclarators(vars: readonly Declarator[], indent: number): string {
  const one = (item: Declarator): string => item.name + (item.init ? ` = ${expression(item.init, indent)}` : '');
  return vars.map(one).join(', ');
}

/** One statement, its first line not indented. */
function printStatement(node: Statement, indent: number): string {
  const value = (child: Parameters<typeof expression>[0]): string => expression(child, indent);
  switch (node.kind) {
    case 'block':
      return printBlock(node, indent);
    case 'expression':
      return value(node.value);
    case 'declare': {
      if (node.vars.length === 0) return printAnnotations(node.annotations).trimEnd();
      const type = node.vars[0]?.type;
      const before = `${printAnnotations(node.annotations)}${node.modifiers.map((word) => `${word} `).join('')}`;
      if (node.tuple) {
        const names = node.vars.map((item) => `${item.type ? `${printTypeName(item.type)} ` : ''}${item.name}`);
        return `${before}def (${names.join(', ')}) = ${value(node.tuple)}`;
      }
      return `${before}${type ? printTypeName(type) : 'def'} ${printDeclarators(node.vars, indent)}`;
    }
    case 'if': {
      const otherwise = node.otherwise ? `\n${pad(indent)}else ${printStatement(node.otherwise, indent)}` : '';
      return `if (${value(node.test)}) ${printStatement(node.then, indent)}${otherwise}`;
    }
    case 'while':
      return `while (${value(node.test)}) ${printStatement(node.body, indent)}`;
    case 'for': {
      const init = node.init.map((statement) => printStatement(statement, indent)).join(', ');
      const update = node.update.map(value).join(', ');
      return `for (${init}; ${node.test ? value(node.test) : ''}; ${update}) ${printStatement(node.body, indent)}`;
    }
    case 'for-in': {
      const variable = printParameters([node.variable], indent, NESTED);
      return `for (${variable} in ${value(node.list)}) ${printStatement(node.body, indent)}`;
    }
    case 'return':
      return node.value ? `return ${value(node.value)}` : 'return';
    case 'break':
    case 'continue':
      return node.label ? `${node.kind} ${node.label}` : node.kind;
    case 'throw':
      return `throw ${value(node.value)}`;
    case 'try': {
      const catches = node.catches.map((clause) => printCatch(clause, indent)).join('');
      return `try ${printBlock(node.body, indent)}${catches}${node.finally ? ` finally ${printBlock(node.finally, indent)}` : ''}`;
    }
    case 'switch': {
      const cases = node.cases.map((clause) => {
        const head = clause.test ? `case ${value(clause.test)}:` : 'default:';
        const body = clause.body.map((statement) => `${pad(indent + 2)}${printStatement(statement, indent + 2)}\n`);
        return `${pad(indent + 1)}${head}\n${body.join('')}`;
      });
      return `switch (${value(node.value)}) {\n${cases.join('')}${pad(indent)}}`;
    }
    case 'assert':
      return `assert ${value(node.test)}${node.message ? ` : ${value(node.message)}` : ''}`;
    case 'label':
      return `${node.name}: ${printStatement(node.body, indent)}`;
    case 'synchronized':
      return `synchronized (${value(node.lock)}) ${printBlock(node.body, indent)}`;
    case 'import':
      return `import ${node.static ? 'static ' : ''}${node.name}${node.star ? '.*' : ''}${node.alias ? ` as ${node.alias}` : ''}`;
    case 'package':
      return `package ${node.name}`;
    case 'empty':
      return ';';
    case 'error':
      return `/* ${node.message.replaceAll('*/', '* /')} */`;
    case 'method':
      return printMethod(node, indent);
    case 'class':
      return printClass(node, indent);
  }
}

function printCatch(clause: CatchClause, indent: number): string {
  const types = clause.types.map(printTypeName).join(' | ');
  return ` catch (${types === '' ? '' : `${types} `}${clause.name}) ${printBlock(clause.body, indent)}`;
}

function printMethod(node: MethodDeclaration, indent: number): string {
  const words = node.modifiers.map((word) => `${word} `).join('');
  const returns = node.returns ? `${printTypeName(node.returns)} ` : '';
  const throws = node.throws.length > 0 ? ` throws ${node.throws.map(printTypeName).join(', ')}` : '';
  const body = node.body ? ` ${printBlock(node.body, indent)}` : '';
  return `${printAnnotations(node.annotations)}${words}${returns}${node.name}(${printParameters(node.params, indent, NESTED)})${throws}${body}`;
}

function printClass(node: ClassDeclaration, indent: number): string {
  const words = node.modifiers.map((word) => `${word} `).join('');
  const parent = node.extends ? ` extends ${printTypeName(node.extends)}` : '';
  const link =
    node.sort === 'interface' && node.extends ? ', ' : node.sort === 'interface' ? ' extends ' : ' implements ';
  const interfaces = node.implements.length > 0 ? `${link}${node.implements.map(printTypeName).join(', ')}` : '';
  const body = printClassBody(node.body, indent, node.name);
  return `${printAnnotations(node.annotations)}${words}${node.sort} ${node.name}${node.typeParams}${parent}${interfaces} ${body}`;
}

function printClassBody(body: ClassBody, indent: number, name = ''): string {
  const inner = pad(indent + 1);
  const lines: string[] = [];
  if (body.constants.length > 0) lines.push(`${body.constants.join(', ')}${body.members.length > 0 ? ';' : ''}`);
  for (const member of body.members) {
    if (member.kind === 'initializer')
      lines.push(`${member.static ? 'static ' : ''}${printBlock(member.body, indent + 1)}`);
    else if (member.kind === 'field') {
      const words = member.modifiers.map((word) => `${word} `).join('');
      const type = member.vars[0]?.type;
      const bare = type ? `${printTypeName(type)} ` : member.modifiers.length > 0 ? '' : 'def ';
      lines.push(`${printAnnotations(member.annotations)}${words}${bare}${printDeclarators(member.vars, indent + 1)}`);
    } else if (member.kind === 'method') {
      lines.push(printMethod(member.name === '<init>' ? { ...member, name } : member, indent + 1));
    } else lines.push(printClass(member, indent + 1));
  }
  return `{\n${lines.map((line) => `${inner}${line}\n`).join('')}${pad(indent)}}`;
}
