/** The outermost layer of the machine: a whole script. */
import { getter } from '../methods/methods-host.ts';
import { type Found, MISSING } from '../methods/missing.ts';
import type { ClassDeclaration, ExpressionOf, MethodDeclaration, Script, Statement } from '../syntax/ast.ts';
import { isText } from '../values/concrete.ts';
import { type Cell, type ClosureValue, type InstanceValue, isKind, type Scope, type Value } from '../values/values.ts';
import { MachineStatements } from './machine-statements.ts';

/** Deepest chain of calls of the script's own methods and closures. */
const CALL_LIMIT = 60;

/** A whole script: its classes, methods and variables. */
export class ScriptMachine extends MachineStatements {
  #globals: Scope = { vars: new Map(), parent: null, self: { kind: 'host', type: 'script' }, methods: [] };

  /** Takes in classes, methods and imports; gives the scope of the script's own statements. */
  load(script: Script, bindings: Readonly<Record<string, Value>>): Scope {
    const methods = script.statements.filter(
      (statement): statement is MethodDeclaration => statement.kind === 'method',
    );
    this.#globals = { vars: new Map(), parent: null, self: { kind: 'host', type: 'script' }, methods };
    for (const statement of script.statements) {
      if (statement.kind === 'class') this.#declareClass(statement);
      if (statement.kind === 'import' && statement.static) {
        this.importsStatically = true;
        const dot = statement.name.lastIndexOf('.');
        const [cls, member] = [statement.name.slice(0, dot), statement.name.slice(dot + 1)];
        if (!statement.star) this.staticImports.set(statement.alias ?? member, { cls, member });
      } else if (statement.kind === 'import' && statement.star) this.importsPackages = true;
      else if (statement.kind === 'import') {
        this.imports.set(statement.alias ?? statement.name.slice(statement.name.lastIndexOf('.') + 1), statement.name);
      }
    }
    for (const [name, value] of Object.entries(bindings)) this.declare(this.#globals, name, value);
    this.#fields(script.statements);
    return this.child(this.#globals);
  }

  /** `@Field` variables exist before the script runs, and methods see them. */
  #fields(statements: readonly Statement[]): void {
    for (const statement of statements) {
      if (statement.kind !== 'declare' || !statement.annotations.some(({ name }) => name.endsWith('Field'))) continue;
      if (statement.modifiers.includes('static')) this.asStatic(() => this.exec(statement, this.#globals));
      else this.exec(statement, this.#globals);
    }
  }

  #declareClass(declaration: ClassDeclaration): void {
    this.classes.set(declaration.name, declaration);
    for (const member of declaration.body.members) if (member.kind === 'class') this.#declareClass(member);
  }

  /** Evaluates static fields of the declared classes. */
  initStatics(): void {
    this.asStatic(() => this.#initStatics());
  }

  #initStatics(): void {
    for (const declaration of this.classes.values()) {
      const scope = this.#classScope(declaration);
      for (const member of declaration.body.members) {
        if (member.kind !== 'field' || !member.modifiers.includes('static')) continue;
        for (const item of member.vars) {
          const typed = item.type && item.type.name !== 'def' ? item.type : null;
          const value = item.init ? this.eval(item.init, scope) : null;
          const cell: Cell = {
            value: typed && item.init ? this.coerce(value, typed.name, typed.dims) : value,
            type: null,
            birth: this.births++,
          };
          this.statics.set(`${declaration.name}.${item.name}`, cell);
          scope.vars.set(item.name, cell);
        }
      }
    }
  }

  #classScope(declaration: ClassDeclaration): Scope {
    const vars = new Map<string, Cell>();
    for (const [name, cell] of this.statics) {
      const [cls, field] = name.split('.');
      if (cls === declaration.name && field !== undefined) vars.set(field, cell);
    }
    return { vars, parent: null, self: { kind: 'class', name: declaration.name }, methods: methodsOf(declaration) };
  }

  protected declareGlobal(name: string, value: Value, scope: Scope): void {
    let top = scope;
    while (top.parent) top = top.parent;
    if (top !== this.#globals) this.fail('groovy.lang.MissingPropertyException', `No such property: ${name}`);
    const known = top.vars.get(name);
    if (known) this.setCell(known, value);
    else if (this.inEach) {
      // A binding that a loop body makes keeps what the last provider left in it.
      const cell = this.declare(top, name, value);
      this.noteEffect({ birth: 0 }, { on: 'cell', cell, value });
    } else this.declare(top, name, value);
  }

  /** Runs the statements of the script. */
  run(script: Script, scope: Scope): Value {
    return this.runBody({ kind: 'block', statements: runnable(script), start: script.start, end: script.end }, scope);
  }

  #deeper<T>(body: () => T): T {
    if (this.depth >= CALL_LIMIT) return this.opaque('loop-limit', `more than ${CALL_LIMIT} calls inside one another`);
    this.depth++;
    try {
      return body();
    } finally {
      this.depth--;
    }
  }

  call(target: Value, args: readonly Value[]): Value {
    const closure = this.resolve(target);
    if (!isKind(closure, 'closure')) return this.invoke(closure, 'call', args);
    return this.#deeper(() => this.#callClosure(closure, args));
  }

  protected callWithDelegate(closure: ClosureValue, delegate: Value): Value {
    if (typeof closure.body === 'function') return this.opaque('unsupported', 'a method pointer with a delegate');
    const scope: Scope = { ...this.child(closure.scope), delegate };
    return this.#deeper(() => this.#callClosure({ ...closure, scope }, [delegate]));
  }

  #callClosure(closure: ClosureValue, given: readonly Value[]): Value {
    if (typeof closure.body === 'function') return closure.body(given);
    const scope = this.child(closure.scope);
    const { params } = closure;
    let args = given;
    if (params === null) {
      if (args.length > 1) return this.fail('groovy.lang.MissingMethodException', 'No signature of method: doCall()');
      this.declare(scope, 'it', args[0] ?? null);
      return this.runBody(closure.body, scope);
    }
    const [only] = args;
    if (params.length > 1 && args.length === 1 && isKind(only, 'list')) {
      const items = this.itemsOf(only);
      if (items.length === params.length) args = items as readonly Value[];
    }
    this.#bind(params, args, scope, 'doCall');
    return this.runBody(closure.body, scope);
  }

  /** Gives parameters their arguments: defaults, varargs, and the casts that a call makes. */
  #bind(params: MethodDeclaration['params'], args: readonly Value[], scope: Scope, method: string): void {
    const wanted = params.filter((param) => param.init === null).length;
    const last = params.at(-1);
    const varargs =
      last?.varargs === true || (last?.type != null && last.type.dims > 0 && args.length !== params.length);
    if ((args.length > params.length || args.length < wanted) && !varargs) {
      if (!(params.length === 1 && args.length === 0 && wanted === 1))
        this.fail('groovy.lang.MissingMethodException', `No signature of method: ${method}()`);
    }
    params.forEach((param, i) => {
      let value = args[i] ?? null;
      if (i >= args.length && param.init) value = this.eval(param.init, scope);
      if (varargs && i === params.length - 1) value = this.list(args.slice(i), 'array');
      const type = param.type && param.type.name !== 'def' ? param.type : null;
      const stored =
        type && !(varargs && i === params.length - 1) ? this.#argument(value, type.name, type.dims, method) : value;
      this.declare(scope, param.name, stored, type && type.dims === 0 ? type.name : null);
    });
  }

  /** An argument of a typed parameter: no cast but from GString to String and to wider numbers, else there is no such method. */
  #argument(value: Value, type: string, dims: number, method: string): Value {
    if (dims > 0 || value === null) {
      const primitive = /^(?:int|long|double|float|boolean|short|byte|char)$/.test(type) && dims === 0;
      return value === null && primitive
        ? this.fail('groovy.lang.MissingMethodException', `No signature of method: ${method}()`)
        : value;
    }
    const boxes: Readonly<Record<string, string>> = {
      int: 'Integer',
      long: 'Long',
      boolean: 'Boolean',
      double: 'Double',
    };
    const name = boxes[type] ?? type;
    if (!['Integer', 'Long', 'String', 'Boolean', 'Double'].includes(name)) return value;
    if (name === 'String' && isKind(value, 'gstring')) return this.text(value);
    const widens =
      (name === 'Long' && isKind(value, 'number') && value.cls === 'Integer' && type === 'long') ||
      isKind(value, 'size') ||
      isKind(value, 'random');
    if (widens) return this.coerce(value, type, 0);
    if (this.isNull(value)) return null;
    if (this.instanceOf(value, name)) return value;
    const known = this.resolve(value);
    // A list gives its only item, a BigInteger its value: the ways of a call are not known here.
    const scalar =
      isText(known) || typeof known === 'boolean' || (isKind(known, 'number') && !known.cls.startsWith('Big'));
    if (!scalar && !isKind(known, 'symbol')) return this.opaque('unknown-call', `an argument of the type ${type}`);
    return this.fail('groovy.lang.MissingMethodException', `No signature of method: ${method}()`);
  }

  callMethod(method: MethodDeclaration, args: readonly Value[], self: Value, scope: Scope): Value {
    return this.#deeper(() => {
      const inner = this.methodScope(self, scope);
      this.#bind(method.params, args, inner, method.name);
      if (!method.body) return null;
      const value = this.runBody(method.body, inner);
      const type = method.returns;
      return type && type.name !== 'def' && type.name !== 'void' && !type.name.startsWith('Map')
        ? this.coerce(value, type.name, type.dims)
        : type?.name === 'void'
          ? null
          : value;
    });
  }

  /** The body of a script method that a call in tail position would run, with its parameters bound; undefined for other calls. */
  enterMethod(
    node: ExpressionOf<'call'>,
    scope: Scope,
  ): { statements: readonly Statement[]; scope: Scope } | undefined {
    if (node.name.kind !== 'name' || !isKind(scope.self, 'host') || this.lookUpCell(node.name.name, scope))
      return undefined;
    const named = this.#globals.methods.filter(
      (candidate) => candidate.name === (node.name.kind === 'name' ? node.name.name : ''),
    );
    const [method] = named;
    const type = method?.returns;
    const plain = named.length === 1 && (type == null || ['def', 'Object', 'List', 'Collection'].includes(type.name));
    if (!method?.body || !plain || method.params.some((param) => param.init !== null || param.varargs))
      return undefined;
    if (method.params.length !== node.args.length) return undefined;
    const args = node.args.map((argument) => this.eval(argument.value, scope));
    this.range = node;
    const inner = this.methodScope(scope.self, scope);
    this.#bind(method.params, args, inner, method.name);
    return { statements: method.body.statements, scope: inner };
  }

  /** Variables of a method: those of its class or of the script's binding, never of its caller. */
  methodScope(self: Value, scope: Scope): Scope {
    if (isKind(self, 'instance')) {
      const statics = this.#classScope(self.cls);
      return {
        vars: new Map(),
        parent: { ...statics, self, methods: methodsOf(self.cls) },
        self,
        methods: methodsOf(self.cls),
      };
    }
    if (isKind(self, 'class') && typeof self.name === 'string') {
      const declaration = this.classes.get(self.name);
      if (declaration) return this.child(this.#classScope(declaration));
    }
    return {
      vars: new Map(),
      parent: this.#globals,
      self,
      methods: scope.methods.length > 0 ? scope.methods : this.#globals.methods,
    };
  }

  protected pickMethod(
    methods: readonly MethodDeclaration[],
    name: string,
    args: readonly Value[],
  ): MethodDeclaration | undefined {
    const named = methods.filter((method) => method.name === name);
    const fits = named.filter((method) => {
      const least = method.params.filter((param) => param.init === null && !param.varargs).length;
      return args.length >= least && (args.length <= method.params.length || method.params.at(-1)?.varargs === true);
    });
    if (fits.length > 1) return this.opaque('unsupported', `several methods ${name}`);
    return fits[0] ?? (named.length > 0 && args.length === 0 && named[0]?.params.length === 1 ? named[0] : undefined);
  }

  /** The method of a class, by name and, among several of one name, by the number of parameters. */
  methodOf(declaration: ClassDeclaration, name: string, args: readonly Value[]): MethodDeclaration | undefined {
    return this.pickMethod(methodsOf(declaration), name, args);
  }

  instantiate(declaration: ClassDeclaration, args: readonly Value[]): InstanceValue {
    const self: InstanceValue = { kind: 'instance', cls: declaration, fields: new Map() };
    const scope = this.methodScope(self, this.#globals);
    for (const member of declaration.body.members) {
      if (member.kind !== 'field' || member.modifiers.includes('static')) continue;
      for (const item of member.vars) {
        const typed = item.type && item.type.name !== 'def' ? item.type : null;
        const value = item.init ? this.eval(item.init, scope) : null;
        const stored = typed && item.init ? this.coerce(value, typed.name, typed.dims) : value;
        self.fields.set(item.name, { value: stored, type: null, birth: this.births++ });
      }
    }
    const made = this.pickMethod(methodsOf(declaration), '<init>', args);
    if (made) this.callMethod(made, args, self, scope);
    else if (args.length === 1 && isKind(args[0], 'map')) {
      for (const [key, value] of args[0].entries.values()) {
        const cell = typeof key === 'string' ? self.fields.get(key) : undefined;
        if (!cell) return this.fail('groovy.lang.MissingPropertyException', 'No such property');
        this.setCell(cell, value);
      }
    } else if (args.length > 0) this.fail('groovy.lang.GroovyRuntimeException', 'Could not find matching constructor');
    return self;
  }

  protected callInstance(self: InstanceValue, name: string, args: readonly Value[]): Found {
    const method = this.methodOf(self.cls, name, args);
    if (method) return this.callMethod(method, args, self, this.#globals);
    const field = self.fields.get(name);
    if (field && isKind(field.value, 'closure')) return this.call(field.value, args);
    const property = args.length === 0 ? getter(name) : undefined;
    const cell = property === undefined ? undefined : self.fields.get(property);
    if (cell) return this.cellValue(cell);
    if (self.cls.extends || self.cls.implements.length > 0) return MISSING;
    return this.fail('groovy.lang.MissingMethodException', `No signature of method: ${self.cls.name}.${name}()`);
  }

  protected callDeclared(cls: string, name: string, args: readonly Value[] | null): Found {
    const declaration = this.classes.get(cls);
    if (!declaration) return MISSING;
    if (declaration.sort !== 'class') return this.opaque('unsupported', `the ${declaration.sort} ${cls} of the script`);
    if (args === null) {
      const cell = this.statics.get(`${cls}.${name}`);
      if (cell) return this.cellValue(cell);
      return this.fail('groovy.lang.MissingPropertyException', `No such property: ${name}`);
    }
    if (name === 'newInstance') return this.instantiate(declaration, args);
    const method = this.methodOf(declaration, name, args);
    if (!method) return this.fail('groovy.lang.MissingMethodException', `No signature of method: ${cls}.${name}()`);
    return this.callMethod(method, args, { kind: 'class', name: cls }, this.#globals);
  }

  protected superProperty(scope: Scope, name: string): Value | typeof MISSING {
    if (name === 'out') return MISSING;
    let at: Scope | null = scope;
    while (at) {
      if (isKind(at.self, 'instance')) {
        const method = this.pickMethod(
          methodsOf(at.self.cls),
          `get${name.charAt(0).toUpperCase()}${name.slice(1)}`,
          [],
        );
        if (method) return this.callMethod(method, [], at.self, scope);
      }
      at = at.parent;
    }
    return MISSING;
  }
}

function methodsOf(declaration: ClassDeclaration): MethodDeclaration[] {
  return declaration.body.members.filter((member): member is MethodDeclaration => member.kind === 'method');
}

/** The statements of a script that run, in order: declarations of methods, classes and fields do not. */
export function runnable(script: Script): Statement[] {
  return script.statements.filter((statement) => {
    if (['method', 'class', 'import', 'package'].includes(statement.kind)) return false;
    return !(
      statement.kind === 'declare' &&
      (statement.vars.length === 0 || statement.annotations.some((annotation) => annotation.name.endsWith('Field')))
    );
  });
}
