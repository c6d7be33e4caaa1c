import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['gateway', 'simulators', 'sandbox', 'verification', 'sdk/typescript'].map(
      (folder) => `${folder}/test/**/*.test.ts`,
    ),
    globalSetup: ['verification/global-setup.ts'],
    // Files run in processes of their own, so that none sees another's environment or open handles.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
