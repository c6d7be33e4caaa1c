/** A merchant's public key as it is uploaded: PEM, or the PEM body as one line of base64 (protocol section 1). */
const PEM = /^-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** PEM text for what was uploaded, or null when it is neither form. Whether it is a key is for the caller's crypto to say. */
export function publicKeyPem(uploaded: string): string | null {
  const pem = PEM.exec(uploaded.trim());
  const label = pem?.[1] ?? 'PUBLIC KEY';
  const body = (pem?.[2] ?? uploaded).replace(/\s+/g, '');
  if (!pem && !BASE64.test(body)) return null;
  const lines = body.match(/.{1,64}/g);
  return lines ? `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n` : null;
}
