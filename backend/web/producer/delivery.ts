/** Requests with batches of events, and what follows from their answers. */

import type { Options } from "./api.js";
import { MAX_EVENTS_PER_REQUEST, type Verdict, type Verdicts } from "./generated/contract.js";
import type { Identity } from "./identity.js";
import {
  BATCH_BYTES,
  BATCH_EVENTS,
  KEEPALIVE_BYTES,
  LINGER,
  LONGEST_BACKOFF,
  LONGEST_RETRY_AFTER,
  SECOND,
  TIMEOUT,
} from "./limits.js";
import { attempt, isHidden } from "./page.js";
import { sum, type Entry, type Queue } from "./queue.js";

/** Sent at once; each carries the list that its item was last clicked in. */
export const URGENT = ["Purchase", "AddToCart"];


interface Answer {
  status: number;
  retryAfter: number;
  body?: Verdicts | undefined;
}

export const createDelivery = (options: Options, queue: Queue, identity: Identity, isAllowed: () => boolean) => {
  const url = options.key
    ? options.url + (options.url.includes("?") ? "&" : "?") + "key=" + encodeURIComponent(options.key)
    : options.url;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let timerAt = Infinity;
  /** Not before this instant of the page's clock. */
  let waitUntil = 0;
  let failures = 0;
  let most = BATCH_EVENTS;
  let isStopped = false;
  let bytesInFlight = 0;
  let flight: Promise<boolean> | undefined;

  const now = (): number => performance.now();

  const isReady = (): boolean => isAllowed() && !isStopped && navigator.onLine && now() >= waitUntil;

  const schedule = (delay: number): void => {
    const at = Math.max(now() + delay, waitUntil);
    if (at >= timerAt) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(
      () => {
        timerAt = Infinity;
        send();
      },
      Math.ceil(at - now()) + 1,
    ); // a timer may fire early by less than a millisecond
  };

  /** Schedules the next request as the waiting events require. */
  const next = (): void => {
    const waiting = isAllowed() ? queue.waiting() : [];
    const isFull = waiting.length >= BATCH_EVENTS || sum(waiting) >= BATCH_BYTES;
    const isUrgent = waiting.some(({ event }) => URGENT.includes(event.event_type));
    if (waiting.length) schedule(isFull || isUrgent || failures || most < BATCH_EVENTS ? 0 : LINGER);
  };

  const choose = (events: number, bytes: number): Entry[] => {
    const batch: Entry[] = [];
    for (const entry of isReady() ? queue.waiting() : []) {
      bytes -= entry.bytes + 1;
      if (batch.length >= events || (bytes < 0 && batch.length)) break;
      if (!entry.offset && identity.offset()) queue.rewrite(entry);
      batch.push(entry);
    }
    return batch;
  };

  const fetchVerdicts = async (body: string, keepalive: boolean): Promise<Answer> => {
    const sent = Date.now();
    // A text without any header of ours needs no preflight.
    const signal = attempt(() => AbortSignal.timeout(TIMEOUT));
    const answer = await fetch(url, { method: "POST", body, credentials: "omit", keepalive, signal });
    const received = Date.now();
    const verdicts = (await answer.json().catch(() => undefined)) as Verdicts | undefined;
    if (verdicts?.server_time) identity.compare(verdicts.server_time, sent, received);
    const seconds = Number(answer.headers.get("Retry-After")) || 0;
    return { status: answer.status, retryAfter: Math.min(seconds * SECOND, LONGEST_RETRY_AFTER), body: verdicts };
  };

  /** Returns whether an event needs no further request, or a corrected one. */
  const take = (entry: Entry | undefined, { status, reason, errors }: Verdict): boolean => {
    if (!entry) return false;
    if (reason === "in_future" && !entry.isCorrected && entry.offset !== identity.offset()) {
      entry.isCorrected = true;
      queue.rewrite(entry);
      return true;
    }
    const isFinished = queue.finish(entry, status);
    if (isFinished && status === "refused") attempt(() => options.onRefused?.(entry.event, errors ?? []));
    return isFinished;
  };

  const backOff = (retryAfter: number): void => {
    const longest = Math.min(SECOND * 2 ** failures++, LONGEST_BACKOFF);
    waitUntil = now() + Math.max(retryAfter, Math.random() * longest);
  };

  /** Returns whether the answer decided about an event. */
  const settle = (batch: Entry[], { status, retryAfter, body }: Answer): boolean => {
    const verdicts = Array.isArray(body?.events) ? body!.events : [];
    const decided = new Set<number>();
    for (const verdict of verdicts) if (take(batch[verdict?.index], verdict)) decided.add(verdict.index);
    if (decided.size) most = Math.min(most * 2, BATCH_EVENTS);
    if (decided.size === batch.length) failures = 0;
    else if (status === 401 || status === 403) {
      isStopped = true;
      console.warn(`rivulet: the key or the origin is refused (${status}): nothing is sent until a reload`);
    } else if (status === 413 || (status === 400 && body?.error)) {
      if (batch.length > 1) most = batch.length >> 1;
      else {
        queue.drop(batch[0]!, "rejected");
        backOff(retryAfter);
      }
      return true;
    } else backOff(retryAfter);
    return decided.size > 0;
  };

  const beacon = (batch: Entry[]): boolean => {
    const isSent = batch.length > 0 && !!attempt(() => navigator.sendBeacon(url, bodyOf(batch)));
    if (isSent) for (const entry of batch) entry.sent = "beacon";
    return isSent;
  };

  /** What does not fit into a beacon of half the size either is sent by the next page. */
  const sendBeacon = (batch: Entry[]): boolean => beacon(batch) || beacon(batch.slice(0, batch.length >> 1));

  const request = async (batch: Entry[], isLeaving: boolean): Promise<boolean> => {
    const bytes = sum(batch);
    const keepalive = bytes + bytesInFlight <= KEEPALIVE_BYTES && (isLeaving || !failures);
    for (const entry of batch) entry.sent = "request";
    bytesInFlight += bytes;
    const answer = await fetchVerdicts(bodyOf(batch), keepalive).catch(() => undefined);
    bytesInFlight -= bytes;
    for (const entry of batch) delete entry.sent;
    if (!answer && isLeaving && isHidden() && sendBeacon(batch)) return false;
    const isDecided = settle(batch, answer ?? { status: 0, retryAfter: 0 });
    next();
    return isDecided;
  };

  const send = (): Promise<boolean> => {
    if (flight) return flight;
    const batch = choose(most, BATCH_BYTES);
    if (!batch.length) return Promise.resolve(false);
    flight = request(batch, false)
      .catch(() => false)
      .finally(() => (flight = undefined));
    return flight;
  };

  const flush = async (): Promise<void> => {
    while (await send());
  };

  return {
    next,

    /** Sends everything that fits, in a request that outlives the page. */
    leave(): void {
      const batch = choose(MAX_EVENTS_PER_REQUEST, KEEPALIVE_BYTES - bytesInFlight);
      if (!("keepalive" in Request.prototype)) sendBeacon(batch);
      else if (batch.length) request(batch, true).catch(() => {});
    },

    /** Resumes after the page was hidden, or was offline. */
    resume(): void {
      for (const entry of queue.all()) if (entry.sent === "beacon") delete entry.sent;
      next();
    },

    online(): Promise<void> {
      waitUntil = 0;
      return flush();
    },

    flush,
  };
};

const bodyOf = (batch: readonly Entry[]): string => "[" + batch.map((entry) => entry.text).join() + "]";
