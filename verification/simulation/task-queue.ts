import type { Task } from './scheduler.ts';

/** Tasks that are not due yet, earliest first; those due at one moment keep the order in which they were added. */
export class TaskQueue {
  /** A binary heap; cancelled tasks stay until they surface. */
  #heap: { readonly task: Task; readonly order: number }[] = [];
  readonly #live = new Set<Task>();
  #added = 0;

  add(task: Task): void {
    this.#live.add(task);
    this.#added += 1;
    this.#heap.push({ task, order: this.#added });
    for (let at = this.#heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#earlier(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  remove(task: Task): void {
    this.#live.delete(task);
  }

  removeIf(unwanted: (task: Task) => boolean): void {
    for (const task of this.#live) if (unwanted(task)) this.#live.delete(task);
  }

  /** When the earliest task is due; null when there is none. */
  nextDue(): number | null {
    for (;;) {
      const first = this.#heap[0];
      if (!first) return null;
      if (this.#live.has(first.task)) return first.task.due_ms;
      this.#pop();
    }
  }

  /** Takes out every task due by that moment. */
  takeDue(now_ms: number): Task[] {
    const due: Task[] = [];
    for (let next_ms = this.nextDue(); next_ms !== null && next_ms <= now_ms; next_ms = this.nextDue()) {
      const task = this.#pop();
      if (!task) break;
      this.#live.delete(task);
      due.push(task);
    }
    return due;
  }

  #pop(): Task | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (!first || !last || this.#heap.length === 0) return first?.task;
    this.#heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && this.#earlier(child, least)) least = child;
      }
      if (least === at) return first.task;
      this.#swap(at, least);
      at = least;
    }
  }

  #earlier(left: number, right: number): boolean {
    const [one, other] = [this.#heap[left], this.#heap[right]];
    if (!one || !other) return false;
    return one.task.due_ms < other.task.due_ms || (one.task.due_ms === other.task.due_ms && one.order < other.order);
  }

  #swap(left: number, right: number): void {
    const [one, other] = [this.#heap[left], this.#heap[right]];
    if (one && other) [this.#heap[left], this.#heap[right]] = [other, one];
  }
}
