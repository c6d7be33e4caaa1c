/** Which of WeChat Pay's protocols an account speaks: `settings.protocol`, V3 unless it says v2. */
import { z } from 'zod';
import { secretsSchema as v3SecretsSchema, settingsSchema as v3SettingsSchema } from './config.ts';
import { v2SecretsSchema, v2SettingsSchema } from './v2/config.ts';

export const settingsSchema = z.discriminatedUnion('protocol', [v3SettingsSchema, v2SettingsSchema], {
  error: (issue) => (issue.code === 'invalid_union' ? 'must be "v3" or "v2"' : undefined),
});

const SECRETS = [v3SecretsSchema, v2SecretsSchema] as const;

/**
 * The key an account has says which protocol its secrets are for, and so by which rules they are wrong. No union of Zod's: what it
 * says of a wrong member does not name it.
 */
export const secretsSchema = z
  .unknown()
  .transform((secrets, context) => {
    const schema = isV2(secrets) ? v2SecretsSchema : v3SecretsSchema;
    const result = schema.safeParse(secrets);
    if (result.success) return { ...result.data };
    for (const { path, message } of result.error.issues)
      context.issues.push({ code: 'custom', path: [...path], message, input: undefined });
    return z.NEVER;
  })
  // For the reference of the command line, which cannot look into a function.
  .meta({ anyOf: SECRETS.map((schema) => z.toJSONSchema(schema, { io: 'input' })) });

function isV2(secrets: unknown): boolean {
  return typeof secrets === 'object' && secrets !== null && 'api_v2_key' in secrets;
}
