/** The part of the Protocol Buffers wire format that a provider's responses need. */

const VARINT = 0;
const LENGTH_DELIMITED = 2;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}

/** A field with a number or a boolean; zero is omitted, as in the format. */
export function number(field: number, value: number | boolean): Buffer {
  return Number(value) === 0 ? Buffer.alloc(0) : Buffer.concat([varint(field * 8 + VARINT), varint(Number(value))]);
}

/** A field with text, bytes or another message. */
export function delimited(field: number, value: string | Uint8Array): Buffer {
  const content = Buffer.from(value);
  return Buffer.concat([varint(field * 8 + LENGTH_DELIMITED), varint(content.length), content]);
}

/** The bytes of a message's field, null if missing. */
export function readBytes(message: Buffer, wanted: number): Buffer | null {
  let at = 0;
  const read = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = message[at];
      if (byte === undefined) throw new Error("a message that ends within a number");
      at += 1;
      value += (byte % 0x80) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  };
  while (at < message.length) {
    const tag = read();
    const value = read();
    if (tag % 8 === VARINT) continue;
    if (tag % 8 !== LENGTH_DELIMITED) throw new Error(`a field of type ${tag % 8}`);
    if (Math.floor(tag / 8) === wanted) return message.subarray(at, at + value);
    at += value;
  }
  return null;
}
