/** What a simulation has reached: arrows, codes, events, exceptions, faults. Counts of many seeds are added up. */
import { arrowOf } from './invariants/arrows.ts';
import { changeOf } from './mirror.ts';
import type { Observation } from './observation.ts';
import type { World } from './world.ts';

export class Coverage {
  readonly counts = new Map<string, number>();

  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  add(other: Iterable<readonly [string, number]>): void {
    for (const [what, times] of other) this.count(what, times);
  }

  observe(observation: Observation): void {
    switch (observation.kind) {
      case 'commit':
        for (const change of observation.changes) {
          const arrow = arrowOf(change);
          if (arrow) this.count(`arrow ${arrow.table} ${arrow.from} → ${arrow.to}`);
          const event = changeOf(change, 'order_events')?.after;
          if (event) this.count(`event ${event.source} ${event.kind}`);
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
        this.count(`stranger ${observation.what} ${observation.code ?? observation.status}`);
        return;
      case 'ledger':
        this.count(`ledger ${observation.entry.channel} ${observation.entry.kind}`);
        return;
      case 'heard':
      case 'log':
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
