import type { Invariant } from './invariant.ts';

/** No key, token or password stands in any log line, in no encoding in which we hold it. */
export const noSecretInLogs: Invariant = {
  name: 'no-secret-in-logs',
  promise: 'no secret is written into a log',
  judge: (view) => ({
    watch(observation) {
      if (observation.kind !== 'log') return [];
      const { line, owner } = observation;
      return view.secrets.some((secret) => line.includes(secret))
        ? [{ sentence: `${owner} wrote a secret into its log` }]
        : [];
    },
  }),
};
