/** The events without a verdict, in memory and in the storage, there under a name that belongs to the tab. */

import type { DropReason, Options, Stats } from "./api.js";
import type { Event } from "./generated/contract.js";
import { DAY, PREFIX, attempt, randomId } from "./page.js";

const MOST_EVENTS = 200;
const MOST_EVENTS_BEFORE_CONSENT = 50;
const MOST_BYTES = 256_000;
const LONGEST_WAIT = DAY;
const TABS = PREFIX + "tab:";

export interface Entry {
  event: Event;
  text: string;
  bytes: number;
  /** The correction of the clock that its time has. */
  offset: number;
  /** Whether a request holds it: one that is answered, or a beacon. */
  sent?: "request" | "beacon";
}

type Counts = Omit<Stats, "stored">;

const NONE: Counts = { tracked: 0, accepted: 0, refused: 0, suppressed: 0, dropped: 0 };

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

export const sum = (entries: readonly Entry[]): number => entries.reduce((bytes, entry) => bytes + entry.bytes + 1, 1);

export const createQueue = (
  storage: () => Storage | undefined,
  options: Options,
  offset: () => number,
  isPending: () => boolean,
) => {
  const name = TABS + randomId();
  let counts: Counts = { ...NONE };
  let entries: Entry[] = [];
  let isSaving = false;
  /** Whether the tab has asked for its lock, and has it, so that no other tab takes its events. */
  let isOpen = false;
  let isOwned = false;
  /** Whether the page was left, so that the storage has its events, or another page has taken them. */
  let isLeft = false;
  let release: (() => void) | undefined;

  const save = (): boolean => {
    isSaving = false;
    const target = !isLeft && storage();
    if (!target) return false;
    const lines = entries.map((entry) => entry.offset + " " + entry.text);
    try {
      target.setItem(name, [JSON.stringify(counts), ...lines].join("\n"));
      return true;
    } catch {
      // No room: they stay in memory, and what the storage has is no longer true.
      attempt(() => target.removeItem(name));
      return false;
    }
  };

  /** Saves once for all changes of a task. */
  const changed = (): void => {
    if (!isSaving) queueMicrotask(save);
    isSaving = true;
  };

  /** Counts an outcome and forgets the event; returns whether it was still here, and the outcome is one. */
  const finish = (entry: Entry, outcome: string): boolean => {
    const isFinished = entries.includes(entry) && outcome in counts;
    if (isFinished) {
      entries = entries.filter((other) => other !== entry);
      counts[outcome as keyof Counts]++;
      changed();
    }
    return isFinished;
  };

  const drop = (entry: Entry, reason: DropReason): void => {
    if (finish(entry, "dropped")) attempt(() => options.onDrop?.(entry.event, reason));
  };

  const limitSize = (): void => {
    const most = isPending() ? MOST_EVENTS_BEFORE_CONSENT : MOST_EVENTS;
    while (entries.length > most || sum(entries) > MOST_BYTES) {
      const free = entries.filter((entry) => !entry.sent);
      const victim = free.find((entry) => entry.event.event_type !== "Purchase") ?? free[0];
      if (!victim) return;
      drop(victim, "full");
    }
  };

  const entryOf = (text: string, corrected = offset()): Entry => ({
    event: JSON.parse(text),
    text,
    bytes: bytesOf(text),
    offset: corrected,
  });

  /** Takes the events under a name that no living tab has; they are older than this tab's. */
  const adopt = (from: Storage, other: string): void => {
    const [head, ...lines] = (from.getItem(other) ?? "").split("\n");
    attempt(() => {
      const adopted = lines.map((line) => entryOf(line.slice(line.indexOf(" ") + 1), parseInt(line)));
      const before = JSON.parse(head!) as Counts;
      for (const outcome of Object.keys(counts) as (keyof Counts)[]) counts[outcome] += before[outcome] >>> 0;
      entries = [...adopted, ...entries];
      limitSize();
    });
    save();
    if (other !== name) from.removeItem(other);
  };

  /** Takes the events of every tab whose lock is free: it is closed, or in the back/forward cache. */
  const adoptOthers = (onAdopted: () => void): void => {
    const from = storage();
    for (const other of Object.keys(from ?? {})) {
      if (!other.startsWith(TABS) || other === name) continue;
      const take = (lock: unknown): void => {
        if (!lock || !isOwned) return;
        attempt(() => adopt(from!, other));
        onAdopted();
      };
      if (navigator.locks) navigator.locks.request(other, { ifAvailable: true }, take).catch(() => {});
      else take(true);
    }
  };

  const opened = (onAdopted: () => void): void => {
    const target = storage();
    if (!target) return;
    isOwned = true;
    const wasLeft = isLeft;
    isLeft = false;
    if (wasLeft) adopt(target, name);
    else save();
    adoptOthers(onAdopted);
  };

  const disown = (): void => {
    isOpen = isOwned = false;
    release?.();
  };

  return {
    finish,
    drop,

    /** Returns whether a name in the storage is that of this tab's events. */
    owns: (other: string | null): boolean => isOwned && other === name,

    all: (): readonly Entry[] => entries,

    stats: (): Stats => ({ ...counts, stored: entries.length }),

    /** Returns the events that no request holds, without those that waited for too long. */
    waiting(): Entry[] {
      const oldest = Date.now() + offset() - LONGEST_WAIT;
      for (const entry of entries) if (Date.parse(entry.event.timestamp) < oldest) drop(entry, "old");
      return entries.filter((entry) => !entry.sent);
    },

    add(event: Event): void {
      const { beforeSend } = options;
      const given = attempt(() => JSON.stringify(event));
      const text = given && beforeSend ? attempt(() => JSON.stringify(beforeSend(JSON.parse(given)))) : given;
      const entry = attempt(() => text !== "null" && entryOf(text!)) || { event, text: "", bytes: 0, offset: 0 };
      entries = [...entries, entry];
      counts.tracked++;
      changed();
      if (!entry.text) drop(entry, given ? "before_send" : "not_json");
      limitSize();
    },

    /** Counts an event that is stored nowhere. */
    suppress(): void {
      counts.tracked++;
      counts.suppressed++;
    },

    /** Writes fields of an event anew. */
    rewrite(entry: Entry, fields: Partial<Event>): void {
      Object.assign(entry, entryOf(JSON.stringify({ ...entry.event, ...fields })));
      changed();
    },

    /** Takes the tab's lock, and what closed tabs have left. */
    open(onAdopted: () => void): void {
      if (isOpen || !storage()) return;
      isOpen = true;
      if (!navigator.locks) return opened(onAdopted);
      const hold = (): Promise<void> | undefined => {
        if (!isOpen) return;
        attempt(() => opened(onAdopted));
        return new Promise((resolve) => (release = resolve));
      };
      navigator.locks.request(name, hold).catch(() => {});
    },

    /** Leaves the events in the storage to the next page, or to this one where the browser restores it. */
    close(): void {
      if (!save()) return;
      entries = [];
      counts = { ...NONE };
      isLeft = true;
      disown();
    },

    /** Stores the events nowhere: consent to it is denied. */
    clear(): void {
      for (const entry of entries) finish(entry, "suppressed");
      disown();
    },
  };
};

export type Queue = ReturnType<typeof createQueue>;
