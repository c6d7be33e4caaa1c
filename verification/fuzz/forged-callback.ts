import { openAccount, peer } from './peers.ts';
import { mustBeCallback } from './reports.ts';
import { must, type Target, type TargetMaker } from './target.ts';

export interface ForgedCallback extends Pick<Target, 'name' | 'about' | 'watched' | 'words'> {
  readonly account: Parameters<typeof openAccount>[0];
  /** Messages as the channel signs them. */
  readonly genuine: readonly string[];
  /** What a message says, however it is spelt: two that are the same here are the same message. */
  readonly meaning: (body: string) => string;
}

/** The target of callbacks that were changed after they were signed: refused, unless they still say what a genuine one says. */
export function forgedCallback({ account, genuine, meaning, ...told }: ForgedCallback): TargetMaker {
  return {
    name: told.name,
    open() {
      const channel = openAccount(account, peer().ports);
      const meanings = new Set(genuine.map(meaning));
      return {
        ...told,
        seeds: genuine.map((body) => Buffer.from(body)),
        async run(input) {
          const body = input.toString('utf8');
          const callback = await channel.readCallback({ headers: {}, body });
          if (callback.kind === 'rejected') return mustBeCallback(callback);
          must(meanings.has(meaning(body)), 'a changed message was believed');
        },
      };
    },
  };
}
