/** Which of WeChat Pay's protocols an account speaks: `settings.protocol`, V3 unless it says v2. */
import { z } from 'zod';
import { secretsSchema as v3SecretsSchema, settingsSchema as v3SettingsSchema } from './config.ts';
import { v2SecretsSchema, v2SettingsSchema } from './v2/config.ts';

export const settingsSchema = z.discriminatedUnion('protocol', [v3SettingsSchema, v2SettingsSchema], {
  error: (issue) => (issue.code === 'invalid_union' ? 'must be "v3" or "v2"' : undefined),
});

/** The key an account has says which protocol its secrets are for, and so by which rules they are wrong. */
export const secretsSchema = z.union([v3SecretsSchema, v2SecretsSchema], {
  error({ input }) {
    const schema = isV2(input) ? v2SecretsSchema : v3SecretsSchema;
    const issues = schema.safeParse(input).error?.issues ?? [];
    return issues.map((issue) => [...issue.path, issue.message].join(': ')).join('; ');
  },
});

function isV2(secrets: unknown): boolean {
  return typeof secrets === 'object' && secrets !== null && 'api_v2_key' in secrets;
}
