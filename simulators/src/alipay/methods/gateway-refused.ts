import type { GatewayRefusal } from '../gateway-refusals.ts';

/** A method's refusal with one of the gateway's own codes instead of 40004. Thrown before anything has changed. */
export class GatewayRefused extends Error {
  readonly refusal: GatewayRefusal;

  constructor(refusal: GatewayRefusal) {
    super(`${refusal.sub_code} ${refusal.sub_msg}`);
    this.name = 'GatewayRefused';
    this.refusal = refusal;
  }
}
