/** Every scenario; a new one is a file and a line here. */
import type { Scenario } from './scenario.ts';
import { exhaustHandles } from './scenarios/exhaust-handles.ts';
import { fillDisk } from './scenarios/fill-disk.ts';
import { jumpClock } from './scenarios/jump-clock.ts';
import { killDatabase } from './scenarios/kill-database.ts';
import { killBothGateways, killFirstGateway, killSecondGateway } from './scenarios/kill-gateways.ts';
import { killSimulators } from './scenarios/kill-simulators.ts';
import { rollingRestart } from './scenarios/rolling-restart.ts';
import {
  cutNetwork,
  spoilCallbackWay,
  spoilChannelWays,
  spoilDatabaseWays,
  spoilMerchantWay,
  spoilNotifyWay,
} from './scenarios/spoil-ways.ts';
import { stopChannels } from './scenarios/stop-channels.ts';
import { stopDatabase } from './scenarios/stop-database.ts';
import { stopGateway } from './scenarios/stop-gateway.ts';

export const SCENARIOS: readonly Scenario[] = [
  killFirstGateway,
  killSecondGateway,
  killBothGateways,
  killSimulators,
  killDatabase,
  stopGateway,
  stopDatabase,
  stopChannels,
  cutNetwork,
  spoilMerchantWay,
  spoilChannelWays,
  spoilCallbackWay,
  spoilNotifyWay,
  spoilDatabaseWays,
  fillDisk,
  exhaustHandles,
  jumpClock,
  rollingRestart,
];
