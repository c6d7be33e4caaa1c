import type { FaultHooks } from '../../faults/fault.ts';
import type { FaultBoard } from '../../faults/registry.ts';
import type { Answer, IncomingRequest, Reply } from '../../kernel/ports.ts';
import type { WechatWorld } from '../operation.ts';
import { WechatError } from '../wechat-error.ts';
import { failureAnswer, noCertificateAnswer, refusalAnswer, successAnswer } from './answers.ts';
import { V2Failure } from './failure.ts';
import type { V2Operation } from './operation.ts';
import { v2Operations } from './operations.ts';
import { identify, readV2Call } from './request.ts';
import type { V2Asker } from './request.ts';
import { withBrokenSign } from './sign.ts';

/** The APIv2 operation of a path, if it is one. */
export function findV2Operation(target: string): V2Operation | undefined {
  const path = target.split('?')[0];
  return v2Operations.find((operation) => operation.path === path);
}

/** Answers an APIv2 request. Faults befall those alone whose signature holds: no answer could be signed for others. */
export async function answerV2(
  world: WechatWorld,
  faults: FaultBoard,
  operation: V2Operation,
  request: IncomingRequest,
): Promise<Reply> {
  if (operation.needs_certificate && request.client_certificate === undefined) return plain(noCertificateAnswer());
  let asker: V2Asker;
  try {
    asker = identify(world, operation, request);
  } catch (error) {
    if (error instanceof V2Failure) return plain(failureAnswer(error.message));
    throw error;
  }
  const failure_fields = operation.failure_fields ?? {};
  const hooks: FaultHooks = {
    systemErrorAnswer: () =>
      refusalAnswer(world.ports, asker, new WechatError(500, 'SYSTEM_ERROR', '系统错误'), failure_fields),
    breakSignature: (answer) => ({ ...answer, body: withBrokenSign(answer.body) }),
  };
  return faults.apply('wechat', operation.fault_operation, request, async () => run(world, operation, asker), hooks);
}

function run(world: WechatWorld, operation: V2Operation, asker: V2Asker): Answer {
  try {
    return successAnswer(world.ports, asker, operation.run(world, readV2Call(world, operation, asker)));
  } catch (error) {
    if (error instanceof V2Failure) return failureAnswer(error.message);
    if (!(error instanceof WechatError)) throw error;
    const more = operation.fault_operation === 'reverse' ? { recall: 'N' } : {};
    return refusalAnswer(world.ports, asker, error, more);
  }
}

function plain(answer: Answer): Reply {
  return { kind: 'answer', answer, delay_ms: 0 };
}
