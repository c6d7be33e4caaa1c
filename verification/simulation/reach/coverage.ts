/** What a simulation has reached: arrows, codes, events, exceptions, faults. Counts of many seeds are added up. */
import { arrowOf } from '../invariants/arrows.ts';
import { changeOf } from '../mirror.ts';
import type { Observation } from '../observation.ts';
import type { World } from '../world.ts';
import { OUTCOMES } from './outcomes.ts';
import { Recogniser, type Look } from './recognise.ts';

export class Coverage {
  readonly counts = new Map<string, number>();
  readonly #outcomes: Recogniser | null;

  /** @param look of the world that is watched; without it, only what others have counted is added up */
  constructor(look?: Look) {
    this.#outcomes = look ? new Recogniser(OUTCOMES, look) : null;
  }

  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  add(other: Iterable<readonly [string, number]>): void {
    for (const [what, times] of other) this.count(what, times);
  }

  /** After the books have been brought up to date. */
  observe(observation: Observation): void {
    for (const { section, row } of this.#outcomes?.recognise(observation) ?? [])
      this.count(`outcome ${section}: ${row}`);
    switch (observation.kind) {
      case 'commit':
        for (const change of observation.changes) {
          const arrow = arrowOf(change);
          if (arrow) this.count(`arrow ${arrow.table} ${arrow.from} → ${arrow.to}`);
          const event = changeOf(change, 'order_events')?.after;
          if (event) {
            this.count(`timeline ${event.kind}`);
            this.count(`event ${event.source} ${event.kind}`);
          }
          const exception = changeOf(change, 'exceptions')?.after;
          if (exception) this.count(`exception ${exception.kind}`);
        }
        return;
      case 'answered':
        if (observation.result.kind === 'answered') this.count(`code ${observation.path} ${observation.result.code}`);
        return;
      case 'fault':
        this.count(`fault ${observation.fault}`);
        return;
      case 'blow':
        this.count(`blow ${observation.what}`);
        return;
      case 'stranger':
        this.count(`stranger ${observation.what}${observation.code === null ? '' : ` ${observation.code}`}`);
        return;
      case 'ledger':
        this.count(`ledger ${observation.entry.channel} ${observation.entry.kind}`);
        return;
      case 'called_back':
        this.count(`callback ${observation.event} ${observation.accepted ? 'accepted' : 'refused'}`);
        return;
      case 'heard':
      case 'log':
      case 'exchanged':
      case 'stops':
        return;
    }
  }

  /** At the end: what network and database counted. */
  take(world: World): void {
    for (const [fate, times] of Object.entries(world.network.fates()))
      if (times > 0) this.count(`network ${fate}`, times);
    for (const [fate, times] of world.database.fates()) this.count(`database ${fate}`, times);
  }
}
