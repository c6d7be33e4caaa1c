/** Thrown when upstream would never answer: the connection stays silent until the client gives up. */
export class NoAnswer extends Error {
  constructor() {
    super('no answer');
    this.name = 'NoAnswer';
  }
}
