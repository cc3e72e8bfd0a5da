/**
 * A value that no print, log, JSON or error shows; only `reveal` does, at the place that sends it. The value stands in
 * a private field, which `util.inspect` does not show either.
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
