/**
 * Puts work that arrives one by one into batches: whatever has gathered while the earlier batches were on their way goes
 * as the next one. Alone, an item waits for nobody.
 */
export class MicroBatch<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #parallel: number;
  readonly #largest: number;
  #gathered: { readonly item: Item; readonly waiting: PromiseWithResolvers<Result> }[] = [];
  #running = 0;
  #scheduled = false;

  /**
   * @param run works a batch off and answers one result for each item, in their order
   * @param parallel batches on their way at the same time
   * @param largest items in a batch
   */
  constructor(run: (items: readonly Item[]) => Promise<readonly Result[]>, parallel = 2, largest = 64) {
    this.#run = run;
    this.#parallel = parallel;
    this.#largest = largest;
  }

  add(item: Item): Promise<Result> {
    const waiting = Promise.withResolvers<Result>();
    this.#gathered.push({ item, waiting });
    if (!this.#scheduled) {
      this.#scheduled = true;
      // After the input that this turn of the event loop has brought: it may hold more items.
      setImmediate(() => {
        this.#scheduled = false;
        this.#send();
      });
    }
    return waiting.promise;
  }

  #send(): void {
    while (this.#running < this.#parallel && this.#gathered.length > 0) {
      const batch = this.#gathered.splice(0, this.#largest);
      this.#running += 1;
      void this.#work(batch).finally(() => {
        this.#running -= 1;
        this.#send();
      });
    }
  }

  async #work(
    batch: readonly { readonly item: Item; readonly waiting: PromiseWithResolvers<Result> }[],
  ): Promise<void> {
    try {
      const results = await this.#run(batch.map((entry) => entry.item));
      for (const [index, entry] of batch.entries()) {
        if (index < results.length) entry.waiting.resolve(results[index] as Result);
        else entry.waiting.reject(new Error('the batch has no result for this item'));
      }
    } catch (problem) {
      for (const entry of batch) entry.waiting.reject(problem);
    }
  }
}
