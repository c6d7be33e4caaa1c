import type { Scenario, Stage } from '../scenario.ts';

/** SIGKILL to nodes in the middle of their work, several times over. */
function killing(name: string, nodes: readonly number[], about: string): Scenario {
  return {
    name,
    about,
    async run(stage: Stage) {
      for (let kills = 0; kills < 2; kills += 1) {
        await stage.load.moreSuccesses(20 + stage.random.below(40));
        await Promise.all(nodes.map((index) => stage.world.node(index).process.end('SIGKILL')));
        await stage.lasting(stage.random.below(1_500));
        await Promise.all(nodes.map((index) => stage.world.node(index).startAgain()));
      }
    },
  };
}

export const killFirstGateway: Scenario = {
  ...killing('kill-gateway-1', [0], 'SIGKILL to the first node, twice'),
  is_short: true,
};
export const killSecondGateway = killing('kill-gateway-2', [1], 'SIGKILL to the second node, twice');
export const killBothGateways = killing('kill-gateways', [0, 1], 'SIGKILL to both nodes at once, twice');
