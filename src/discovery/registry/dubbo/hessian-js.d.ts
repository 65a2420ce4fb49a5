/** The parts of hessian.js that weir uses; the package has no types of its own. */
declare module 'hessian.js' {
  /** Writes Hessian 2.0; `{$class, $}` stands for an object of a Java class. */
  export class EncoderV2 {
    write(value: unknown): this;
    get(): Buffer;
  }

  /** Reads Hessian 2.0; a Java object becomes a plain one of its fields. Throws for bytes that are none. */
  export class DecoderV2 {
    constructor(bytes: Buffer);
    read(): unknown;
  }
}
