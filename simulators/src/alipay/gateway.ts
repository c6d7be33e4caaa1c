import type { FaultBoard } from '../faults/registry.ts';
import type { Journal } from '../kernel/journal.ts';
import type { Answer, Handler, IncomingRequest, Reply } from '../kernel/ports.ts';
import { breakAnswerSignature, ERROR_NODE, gatewayAnswer, nodeName, SUCCESS } from './answers.ts';
import { AUTHORIZE_PATH, authorizePage } from './authorize-page.ts';
import { BusinessRefusal } from './business-refusal.ts';
import { WAP_PAY } from './client-orders.ts';
import { errorPage } from './html.ts';
import { GatewayRefused } from './methods/gateway-refused.ts';
import type { AlipayMethod, MethodContext, MethodOutcome } from './methods/method.ts';
import { methods } from './methods/registry.ts';
import { newTraceId } from './numbers.ts';
import { pathOf, readParameters } from './request-parameters.ts';
import { systemError } from './system-error.ts';
import { verifyRequest } from './verify-request.ts';
import type { VerifiedRequest } from './verify-request.ts';
import { actOnWap, CASHIER_PATH, openWap } from './wap-cashier.ts';

interface GatewayParts {
  readonly journal: Journal;
  readonly faults: FaultBoard;
  readonly context: MethodContext;
}

type GatewayMethod = AlipayMethod | typeof WAP_PAY;

const gatewayMethods: ReadonlyMap<string, GatewayMethod> = new Map<string, GatewayMethod>([
  ...methods,
  [WAP_PAY.name, WAP_PAY],
]);

/** Everything on Alipay's origin: the gateway, the wap page's buttons, and the page that authorizes an app. */
export function createHandler(parts: GatewayParts): Handler {
  const { journal, context } = parts;
  return async (request) => {
    switch (pathOf(request)) {
      case '/gateway.do':
        return gateway(request, parts);
      case CASHIER_PATH:
        return answered(journal.atomically(() => actOnWap(request, context)));
      case AUTHORIZE_PATH:
        return answered(journal.atomically(() => authorizePage(request, context)));
      default:
        return answered(notFound());
    }
  };
}

async function gateway(request: IncomingRequest, parts: GatewayParts): Promise<Reply> {
  const { apps, ports } = parts.context;
  const verified = verifyRequest(readParameters(request), { apps, methods: gatewayMethods, now_ms: ports.now() });
  if ('refusal' in verified) {
    const { method, refusal, app } = verified;
    if (method?.name === WAP_PAY.name) return answered(errorPage(refusal.sub_code, refusal.sub_msg));
    return answered(gatewayAnswer(method ? nodeName(method.name) : ERROR_NODE, refusal, {}, app, newTraceId(ports)));
  }
  const { method } = verified;
  return 'run' in method ? callMethod(request, { ...verified, method }, parts) : openPage(request, verified, parts);
}

async function callMethod(
  request: IncomingRequest,
  verified: VerifiedRequest<AlipayMethod>,
  { journal, faults, context }: GatewayParts,
): Promise<Reply> {
  const { method, app } = verified;
  const say = ({ head = SUCCESS, fields }: MethodOutcome, node = nodeName(method.name)): Answer =>
    gatewayAnswer(node, head, fields, app, newTraceId(context.ports));
  let silent = false;
  const reply = await faults.apply(
    'alipay',
    method.operation,
    request,
    async () => {
      const { outcome, refused } = journal.atomically(() => perform(verified, context));
      silent = outcome.silent === true;
      return say(outcome, refused ? method.refusal_node : undefined);
    },
    {
      systemErrorAnswer: (operation) =>
        say({ head: systemError(operation), fields: method.systemErrorFields ?? {} }, method.refusal_node),
      breakSignature: breakAnswerSignature,
    },
  );
  return silent ? { kind: 'silence' } : reply;
}

function openPage(
  request: IncomingRequest,
  verified: VerifiedRequest<GatewayMethod>,
  { journal, faults, context }: GatewayParts,
): Promise<Reply> {
  return faults.apply('alipay', 'pay', request, async () => journal.atomically(() => openWap(verified, context)), {
    systemErrorAnswer: (operation) => {
      const { sub_code, sub_msg } = systemError(operation);
      return errorPage(sub_code ?? '', sub_msg ?? '');
    },
    // A page has no signature.
    breakSignature: (answer) => answer,
  });
}

function perform(
  request: VerifiedRequest<AlipayMethod>,
  context: MethodContext,
): { outcome: MethodOutcome; refused: boolean } {
  try {
    return { outcome: request.method.run(request, context), refused: false };
  } catch (error) {
    if (error instanceof GatewayRefused) return { outcome: { head: error.refusal, fields: {} }, refused: true };
    if (!(error instanceof BusinessRefusal)) throw error;
    const head = { code: '40004', msg: 'Business Failed', sub_code: error.sub_code, sub_msg: error.sub_msg };
    return { outcome: { head, fields: request.method.refusalFields?.(request) ?? {} }, refused: true };
  }
}

function answered(answer: Answer): Reply {
  return { kind: 'answer', answer, delay_ms: 0 };
}

function notFound(): Answer {
  return {
    status: 404,
    headers: { 'content-type': 'text/html' },
    body: Buffer.from('<html><head><title>404 Not Found</title></head></html>\n'),
  };
}
