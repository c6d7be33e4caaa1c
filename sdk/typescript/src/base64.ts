/** Base64 (RFC 4648) by what every runtime has: `atob` and `btoa`. Node's Buffer is not on the edge. */

/** Bytes of base64 or base64url, white space ignored; null when it is neither. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  const plain = text
    .replace(/\s+/g, '')
    .replace(/(?<!=)=+$/, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  if (!/^[A-Za-z0-9+/]*$/.test(plain) || plain.length % 4 === 1) return null;
  return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
}

/** Bytes of base64url without padding (RFC 7515, section 2); null when it is anything else. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  return /^[A-Za-z0-9_-]*$/.test(text) ? fromBase64(text) : null;
}

/** Base64url without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let characters = '';
  for (const byte of bytes) characters += String.fromCharCode(byte);
  return btoa(characters)
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/={1,2}$/, '');
}
