/**
 * Reads camt.053 and camt.054 as a stream: bytes go in, entries come out one by one, and nothing of those before is kept. Names,
 * order and cardinalities are checked against shape.ts. A mistake inside an entry spoils that entry alone; any other, and XML
 * that is not well-formed, spoils the message.
 */
import { SaxesParser, type SaxesAttributePlain } from 'saxes';
import { MESSAGES, type Child, type Message, type Shape } from './shape.ts';
import type { Node } from './tree.ts';

/** The message cannot be read. `message` says where and why, for people. */
export class UnreadableMessage extends Error {
  override readonly name = 'UnreadableMessage';
}

/** What is heard while a message is read. */
export interface MessageEvents {
  /** A statement or a notification begins with everything before its first entry, which is complete by now. */
  head?(head: Node, message: Message, header: Node): void;
  /** Null when the message is only looked through. */
  entry(entry: Node | null, head: Node, message: Message): void;
  /** An entry that breaks the rules; counted from 1 over the whole message. */
  unreadable(position: number, problem: string): void;
  /** A statement or a notification has ended. */
  end?(head: Node, message: Message): void;
}

const MAX_TEXT = 20_000;
const MAX_DEPTH = 40;
/** An entry of a thousand payments has about forty thousand elements. */
const MAX_ENTRY_NODES = 200_000;

interface Frame {
  readonly name: string;
  /** Null: passed over. */
  readonly shape: Shape | null;
  /** Null: nobody asks for it. */
  readonly node: Node | null;
  readonly is_text: boolean;
  readonly counts: Map<string, number>;
  place: number;
}

/** A reader of one message. Feed it with `write`, then call `end`; both throw `UnreadableMessage`. */
export class MessageReader {
  readonly #events: MessageEvents;
  readonly #look_only: boolean;
  readonly #parser = new SaxesParser();
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  readonly #frames: Frame[] = [];
  #message: Message | null = null;
  #prefix = '';
  #header: Node | null = null;
  #head: Node | null = null;
  #head_told = false;
  #entries = 0;
  #entry_nodes = 0;
  /** The first problem of the entry that is being read. */
  #entry_problem: string | null = null;
  /** How deep in the frames the entry began; 0: no entry. */
  #entry_depth = 0;
  #pending_text = '';
  #failure: UnreadableMessage | null = null;

  /** @param look_only checks everything and keeps nothing of the entries: a third faster */
  constructor(events: MessageEvents, look_only = false) {
    this.#events = events;
    this.#look_only = look_only;
    this.#parser.on('xmldecl', ({ encoding }) => {
      if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') this.#fail(`encoding ${encoding} is not UTF-8`);
    });
    this.#parser.on('doctype', () => this.#fail('it has a DOCTYPE, which no bank message has'));
    this.#parser.on('opentag', (tag) => this.#open(tag.name, tag.attributes));
    this.#parser.on('closetag', () => this.#close());
    this.#parser.on('text', (text) => this.#text(text));
    this.#parser.on('cdata', (text) => this.#text(text));
    this.#parser.on('error', (error) => this.#fail(error.message));
  }

  /** GrpHdr/MsgId, once it has been read. */
  get message_id(): string | null {
    return this.#header?.children.find((child) => child.name === 'MsgId')?.text.trim() ?? null;
  }

  write(bytes: Buffer): void {
    this.#feed(this.#decode(bytes, true));
  }

  end(): void {
    this.#feed(this.#decode(Buffer.alloc(0), false));
    try {
      this.#parser.close();
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : 'it ends too early');
    }
    if (this.#failure) throw this.#failure;
    if (!this.#message) throw new UnreadableMessage('it is empty');
  }

  #decode(bytes: Buffer, stream: boolean): string {
    try {
      return this.#decoder.decode(bytes, { stream });
    } catch {
      throw new UnreadableMessage('it is not UTF-8');
    }
  }

  #feed(text: string): void {
    if (this.#failure) throw this.#failure;
    if (text !== '') this.#parser.write(text);
    const failure = this.#failure as UnreadableMessage | null;
    if (failure) throw failure;
  }

  /** Remembered and thrown by `write`: saxes must not be left by an exception in the middle of a chunk. */
  #fail(problem: string): void {
    this.#failure ??= new UnreadableMessage(`line ${this.#parser.line}: ${problem}`);
  }

  /** Inside an entry the entry alone is spoilt. */
  #complain(problem: string): void {
    if (this.#entry_depth === 0) this.#fail(problem);
    else this.#entry_problem ??= problem;
  }

  #open(tag: string, attributes: Readonly<Record<string, SaxesAttributePlain | string>>): void {
    if (this.#failure) return;
    if (this.#frames.length >= MAX_DEPTH) return this.#fail('elements are nested too deeply');
    const parent = this.#frames.at(-1);
    if (!parent) return this.#openDocument(tag, attributes);
    const name = tag.startsWith(this.#prefix) ? tag.slice(this.#prefix.length) : tag;
    if (!parent.shape) {
      if (parent.is_text) this.#complain(`${parent.name} holds ${name} where a text belongs`);
      this.#push({ name, shape: null, node: null, is_text: false });
      return;
    }
    const child = this.#place(parent, parent.shape, name);
    if (isEntry(name, this.#frames)) this.#beginEntry();
    this.#push(this.#frameFor(name, child, parent, attributes));
  }

  #openDocument(tag: string, attributes: Readonly<Record<string, SaxesAttributePlain | string>>): void {
    const colon = tag.indexOf(':');
    this.#prefix = colon < 0 ? '' : tag.slice(0, colon + 1);
    const declared = attributes[colon < 0 ? 'xmlns' : `xmlns:${tag.slice(0, colon)}`];
    const message = typeof declared === 'string' ? MESSAGES.get(declared) : undefined;
    if (tag.slice(this.#prefix.length) !== 'Document' || !message)
      return this.#fail('it is no camt.053 or camt.054 of version 001.08 or 001.02');
    this.#message = message;
    this.#push({ name: 'Document', shape: message.document, node: null, is_text: false });
  }

  #push(frame: Omit<Frame, 'counts' | 'place'>): void {
    this.#frames.push({ ...frame, counts: new Map(), place: -1 });
    this.#pending_text = '';
  }

  /** Checks that a child may stand here. Null: it must not, which has been said. */
  #place(parent: Frame, shape: Shape, name: string): Child | null {
    const child = shape.children.get(name);
    if (!child) {
      this.#complain(`${parent.name} has no element ${name}`);
      return null;
    }
    const count = (parent.counts.get(name) ?? 0) + 1;
    parent.counts.set(name, count);
    if (count > child.most) this.#complain(`${parent.name} has more than ${child.most} of ${name}`);
    if (shape.kind === 'choice' && parent.counts.size > 1)
      this.#complain(`${parent.name} has more than one alternative`);
    if (shape.kind === 'sequence' && child.place < parent.place)
      this.#complain(`${name} stands too late in ${parent.name}`);
    parent.place = Math.max(parent.place, child.place);
    return child;
  }

  #frameFor(
    name: string,
    child: Child | null,
    parent: Frame,
    attributes: Readonly<Record<string, SaxesAttributePlain | string>>,
  ): Omit<Frame, 'counts' | 'place'> {
    const content = child?.content ?? 'any';
    if (content === 'any') return { name, shape: null, node: null, is_text: false };
    const currency = attributes['Ccy'];
    const in_entry = this.#entry_depth > 0;
    const node: Node | null =
      this.#look_only && in_entry
        ? null
        : { name, text: '', currency: typeof currency === 'string' ? currency : null, children: [] };
    if (in_entry && (this.#entry_nodes += 1) > MAX_ENTRY_NODES) this.#fail('an entry has too many elements');
    // Statements and notifications keep no entries, the document keeps no statements.
    if (node && name !== 'Ntry' && name !== 'Stmt' && name !== 'Ntfctn') parent.node?.children.push(node);
    if (name === 'GrpHdr') this.#header = node;
    if (name === 'Stmt' || name === 'Ntfctn') {
      this.#head = node;
      this.#head_told = false;
    }
    return content === 'text'
      ? { name, shape: null, node, is_text: true }
      : { name, shape: content, node, is_text: false };
  }

  #beginEntry(): void {
    if (!this.#head_told) this.#tellHead();
    this.#entries += 1;
    this.#entry_nodes = 0;
    this.#entry_problem = null;
    this.#entry_depth = this.#frames.length + 1;
  }

  #tellHead(): void {
    this.#head_told = true;
    if (this.#head && this.#message && this.#header && !this.#failure)
      this.#events.head?.(this.#head, this.#message, this.#header);
  }

  #text(text: string): void {
    const frame = this.#frames.at(-1);
    if (!frame || this.#failure) return;
    if (frame.is_text) {
      this.#pending_text += text;
      if (this.#pending_text.length > MAX_TEXT) this.#fail(`${frame.name} is too long`);
    } else if (frame.shape && text.trim() !== '') this.#complain(`${frame.name} holds text where elements belong`);
  }

  #close(): void {
    const frame = this.#frames.at(-1);
    if (!frame || this.#failure) return;
    if (frame.is_text && frame.node) frame.node.text = this.#pending_text;
    if (frame.shape) this.#checkComplete(frame, frame.shape);
    this.#frames.pop();
    this.#pending_text = '';
    if (this.#entry_depth > 0 && this.#frames.length === this.#entry_depth - 1) this.#endEntry(frame);
    else if ((frame.name === 'Stmt' || frame.name === 'Ntfctn') && frame.node === this.#head) this.#endHead();
  }

  #checkComplete(frame: Frame, shape: Shape): void {
    const missing = shape.required.find((child) => !frame.counts.has(child.name));
    if (missing) this.#complain(`${frame.name} lacks ${missing.name}`);
    if (shape.kind === 'choice' && frame.counts.size === 0) this.#complain(`${frame.name} is empty`);
  }

  #endEntry(frame: Frame): void {
    const problem = this.#entry_problem;
    this.#entry_depth = 0;
    this.#entry_problem = null;
    if (!this.#head || !this.#message || this.#failure) return;
    if (problem === null) this.#events.entry(frame.node, this.#head, this.#message);
    else this.#events.unreadable(this.#entries, problem);
  }

  #endHead(): void {
    if (!this.#head_told) this.#tellHead();
    if (this.#head && this.#message && !this.#failure) this.#events.end?.(this.#head, this.#message);
    this.#head = null;
  }

  /** How many entries have begun so far. */
  get entries(): number {
    return this.#entries;
  }
}

function isEntry(name: string, frames: readonly Frame[]): boolean {
  const parent = frames.at(-1)?.name;
  return name === 'Ntry' && (parent === 'Stmt' || parent === 'Ntfctn');
}
