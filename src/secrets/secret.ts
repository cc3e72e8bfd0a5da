/**
 * A value that no output, log, JSON or error shows. Only `reveal` returns it, for sending. It is in a private field,
 * which `util.inspect` does not show either.
 */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return "***";
  }
  toJSON(): string {
    return "***";
  }
}
