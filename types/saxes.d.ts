/**
 * The part of saxes that is used here. The package's own declarations do not type-check under
 * exactOptionalPropertyTypes, and library declarations are checked.
 */
export interface SaxesTag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly isSelfClosing: boolean;
}

export class SaxesParser {
  constructor(options?: { readonly xmlns?: false; readonly position?: boolean });
  readonly line: number;
  readonly column: number;
  on(event: "attribute", handler: () => void): void;
  on(event: "opentag", handler: (tag: SaxesTag) => void): void;
  on(event: "closetag", handler: (tag: SaxesTag) => void): void;
  on(event: "text" | "cdata", handler: (text: string) => void): void;
  on(event: "error", handler: (error: Error) => void): void;
  write(chunk: string): this;
  close(): this;
}
