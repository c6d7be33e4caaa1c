/** What the settings of every channel's accounts have in common, and how they are checked. */
import { z } from 'zod';
import { CONNECT_TIMEOUT_MS } from '../ports.ts';
import { ChannelMisconfigured } from './channel.ts';

/** Signatures cover the path, so that a base URL with a path of its own would sign something else than the peer sees. */
export const origin = (example: string) =>
  z
    .url({ protocol: /^https?$/, error: `must be an http(s) URL such as ${example}` })
    .refine((text) => /^https?:\/\/[^/?#@]+\/?$/.test(text), 'must be an origin without path, query or user name')
    .transform((text) => text.replace(/\/$/, ''));

const LONGEST_ANSWER_MS = 20_000;

/** The longest that a call to a channel lasts, milliseconds. */
export const LONGEST_CALL_MS = CONNECT_TIMEOUT_MS + LONGEST_ANSWER_MS;

/** How long an answer may take: shorter than the lease of the order that waits for it. */
export const timeoutMs = z.int('must be a whole number of milliseconds').min(100).max(LONGEST_ANSWER_MS).default(5_000);

/** A private key of ours, as a secret. */
export const privateKeyPem = z
  .string()
  .regex(/-----BEGIN (RSA )?PRIVATE KEY-----/, 'must be a PEM private key (PKCS#8 or PKCS#1)');

/** The value as its schema gives it. Throws `ChannelMisconfigured` naming every field that is wrong, never a value. */
export function checked<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const complaints = result.error.issues.map((issue) => `${issue.path.join('.') || 'account'}: ${issue.message}`);
  throw new ChannelMisconfigured(complaints.join('; '));
}
