/** The events without a verdict, in memory and in the storage, there under a name that belongs to the tab. */

import type { DropReason, Options, Stats } from "./api.js";
import { MAX_EVENT_BYTES, type Event } from "./generated/contract.js";
import { LONGEST_WAIT, MOST_BYTES, MOST_EVENTS, MOST_EVENTS_BEFORE_CONSENT } from "./limits.js";
import { PREFIX, attempt, randomId, store } from "./page.js";

const TABS = PREFIX + "tab:";

export interface Entry {
  event: Event;
  /** The event as JSON. */
  encoded: string;
  bytes: number;
  /** The correction of the clock that its time has. */
  offset: number;
  /** Whether a request holds it: one that is answered, or a beacon. */
  sent?: "request" | "beacon" | undefined;
  /** Whether it was sent again with another time, since the API found its time in the future. */
  isCorrected?: boolean;
}

type Counts = Omit<Stats, "tracked" | "stored">;

const NONE: Counts = { accepted: 0, refused: 0, suppressed: 0, dropped: 0 };

export const sum = (entries: readonly Entry[]): number => entries.reduce((bytes, entry) => bytes + entry.bytes + 1, 1);

/** Runs an action while the tab has a lock; without locks at once. */
const withLock = (name: string, options: LockOptions, action: (lock: unknown) => unknown): void => {
  if (navigator.locks) navigator.locks.request(name, options, action).catch(() => {});
  else action(true);
};

export const createQueue = (
  storage: () => Storage | undefined,
  options: Options,
  offset: () => number,
  isPending: () => boolean,
) => {
  let name = TABS + randomId();
  let tracked = 0;
  let counts: Counts = { ...NONE };
  let entries: Entry[] = [];
  let isSaving = false;
  /** Whether the tab has asked for its lock, or has it, so that no other tab takes its events. */
  let isOpen = false;
  let release: ((value?: unknown) => void) | undefined;

  const save = (): true | void => {
    isSaving = false;
    const lines = entries.map((entry) => entry.offset + " " + entry.encoded);
    return store(storage(), name, [JSON.stringify(counts), ...lines].join("\n"));
  };

  /** Saves once for all changes of a task. */
  const changed = (): void => {
    if (!isSaving) queueMicrotask(() => isSaving && save());
    isSaving = true;
  };

  /** Counts an outcome and forgets the event; returns whether it was still here, and the outcome is one. */
  const finish = (entry: Entry, outcome: string): boolean => {
    const isFinished = entries.includes(entry) && counts[outcome as keyof Counts] >= 0;
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

  /** Returns the events that no request holds. */
  const free = (): Entry[] => entries.filter((entry) => !entry.sent);

  const limitSize = (): void => {
    const most = isPending() ? MOST_EVENTS_BEFORE_CONSENT : MOST_EVENTS;
    while (entries.length > most || sum(entries) > MOST_BYTES) {
      const victim = free().find((entry) => entry.event.event_type !== "Purchase") ?? free()[0];
      if (!victim) return;
      drop(victim, "full");
    }
  };

  const entryOf = (encoded: string, corrected = offset()): Entry => ({
    event: JSON.parse(encoded),
    encoded,
    bytes: new TextEncoder().encode(encoded).length,
    offset: corrected,
  });

  /** Takes the events under a name that no living tab has; they are older than this tab's. */
  const adopt = (from: Storage, other: string): void => {
    const [head, ...lines] = (from.getItem(other) ?? "").split("\n");
    const adopted = lines
      .map((line) => attempt(() => entryOf(line.slice(line.indexOf(" ") + 1), parseInt(line)))!)
      .filter((entry) => entry?.event?.event_type);
    const before = attempt(() => JSON.parse(head!));
    for (const outcome of Object.keys(counts) as (keyof Counts)[]) {
      const count = before?.[outcome] >>> 0;
      counts[outcome] += count;
      tracked += count;
    }
    tracked += lines.length;
    // Another program has damaged the others.
    counts.dropped += lines.length - adopted.length;
    entries = [...adopted, ...entries];
    limitSize();
    save();
    from.removeItem(other);
  };

  const disown = (): void => {
    isOpen = false;
    release?.();
  };

  return {
    finish,
    drop,

    all: (): readonly Entry[] => entries,

    stats: (): Stats => ({ tracked, ...counts, stored: entries.length }),

    /** Returns the events that no request holds, without those that waited for too long. */
    waiting(): Entry[] {
      // By the browser's clock, however wrong it is.
      const oldest = Date.now() - LONGEST_WAIT;
      for (const entry of entries)
        if (Date.parse(entry.event.timestamp) - entry.offset < oldest) drop(entry, "old");
      return free();
    },

    add(event: Event): void {
      const { beforeSend = (unchanged) => unchanged } = options;
      const given = attempt(() => JSON.stringify(event));
      const entry =
        attempt(() => entryOf(JSON.stringify(beforeSend(JSON.parse(given!)) || undefined))) ?? ({ event } as Entry);
      entries = [...entries, entry];
      tracked++;
      changed();
      if (!entry.bytes) drop(entry, given ? "before_send" : "not_json");
      if (entry.bytes > MAX_EVENT_BYTES) drop(entry, "too_large");
      limitSize();
    },

    /** Counts an event that is stored nowhere. */
    suppress(): void {
      tracked++;
      counts.suppressed++;
    },

    /** Writes fields of an event anew, and its time, moved by what was learnt about the clock since. */
    rewrite(entry: Entry, fields?: Partial<Event>): void {
      attempt(() => {
        const timestamp = new Date(Date.parse(entry.event.timestamp) + offset() - entry.offset).toISOString();
        Object.assign(entry, entryOf(JSON.stringify({ ...entry.event, timestamp, ...fields })));
        changed();
      });
    },

    /** Takes the tab's lock, and what closed tabs, and those in the back/forward cache, have left: their locks are free. */
    open(onAdopted: () => void): void {
      const from = storage();
      if (isOpen || !from) return;
      isOpen = true;
      withLock(name, {}, () => {
        if (!isOpen) return;
        save();
        for (const other of Object.keys(from)) {
          if (!other.startsWith(TABS) || other === name) continue;
          withLock(other, { ifAvailable: true }, (lock) => {
            if (!lock || !isOpen) return;
            attempt(() => adopt(from, other));
            onAdopted();
          });
        }
        return new Promise((resolve) => (release = resolve));
      });
    },

    /** Leaves the events in the storage to the next page, or to this one where the browser restores it. */
    close(): void {
      if (!save()) return;
      entries = [];
      tracked = 0;
      counts = { ...NONE };
      // Another page may take what this name has at any time; what is tracked from now on has its own.
      name = TABS + randomId();
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
