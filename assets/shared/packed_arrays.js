// Arrays in JSON, as `da_core/packed_arrays.py` writes them.

const KINDS = { u1: Uint8Array, i1: Int8Array, i2: Int16Array, f4: Float32Array };

/**
 * Read the base64 of numbers behind their kind and, where they are multiples of one, their unit: “i2*0.5:AAD/fw”. The
 * lowest of a signed kind stands for NaN then.
 * @param {string} text @returns {any}
 */
export function unpacked(text) {
  const [head, base64] = text.split(":");
  const [kind, unit] = head.split("*");
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const numbers = new KINDS[kind](bytes.buffer);
  if (!unit) return numbers;
  const missing = kind.startsWith("i") ? -(2 ** (8 * numbers.BYTES_PER_ELEMENT - 1)) : NaN;
  return Float64Array.from(numbers, (value) => (value === missing ? NaN : value * Number(unit)));
}
