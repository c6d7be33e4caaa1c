/** Web Crypto of the runtime. Node 18 has it, but not as a global. */

// Named by their values: not every runtime's types have the names of the DOM.
export type WebCrypto = typeof globalThis.crypto;
export type RsaKey = Awaited<ReturnType<WebCrypto['subtle']['importKey']>>;

let found: Promise<WebCrypto> | undefined;

/** The runtime's Web Crypto. */
export function webCrypto(): Promise<WebCrypto> {
  found ??= find();
  return found;
}

async function find(): Promise<WebCrypto> {
  const global_crypto: WebCrypto | undefined = globalThis.crypto;
  if (global_crypto) return global_crypto;
  // The name is no literal, so that bundlers for the edge, where the line is never reached, leave it alone.
  const name = ['node', 'crypto'].join(':');
  const { webcrypto } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as { webcrypto: WebCrypto };
  return webcrypto;
}

/** `length` random bytes as hexadecimal digits. */
export async function randomHex(length: number): Promise<string> {
  const bytes = (await webCrypto()).getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
