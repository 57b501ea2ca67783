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
import { attempt, isHidden, warn } from "./page.js";
import { sum, type Entry, type Queue } from "./queue.js";

/** Sent at once; each carries the list that its item was last clicked in. */
export const URGENT = ["Purchase", "AddToCart"];


interface Answer {
  status: number;
  retryAfter: number;
  body?: Verdicts | undefined;
}

const mark = (batch: Entry[], sent?: Entry["sent"]): void => batch.forEach((entry) => (entry.sent = sent));

export const createDelivery = (options: Options, queue: Queue, identity: Identity, isAllowed: () => boolean) => {
  const { url: route, key } = options;
  const url = key ? route + (route.includes("?") ? "&" : "?") + "key=" + encodeURIComponent(key) : route;
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
      at - now() + 2, // less its fraction, and it may fire early by less than a millisecond
    );
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
    const isReady = isAllowed() && !isStopped && navigator.onLine && now() >= waitUntil;
    for (const entry of isReady ? queue.waiting() : []) {
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
    const retryAfter = Math.min(+answer.headers.get("Retry-After")! * SECOND, LONGEST_RETRY_AFTER) || 0;
    return { status: answer.status, retryAfter, body: verdicts };
  };

  /** Returns whether an event needs no further request, or a corrected one. */
  const take = (entry: Entry | undefined, { status, reason, errors = [] }: Verdict): boolean => {
    if (!entry) return false;
    if (reason === "in_future" && !entry.isCorrected && entry.offset !== identity.offset()) {
      entry.isCorrected = true;
      queue.rewrite(entry);
      return true;
    }
    if (!queue.finish(entry, status)) return false;
    if (status === "accepted") attempt(() => options.onAccepted!(entry.event));
    if (status === "refused") {
      if (options.onRefused) attempt(() => options.onRefused!(entry.event, errors));
      else warn(`events are refused: ${reason} ${JSON.stringify(errors)}`, reason);
    }
    return true;
  };

  const backOff = (retryAfter: number): void => {
    const longest = Math.min(SECOND * 2 ** failures++, LONGEST_BACKOFF);
    waitUntil = now() + Math.max(retryAfter, Math.random() * longest);
  };

  /** Returns whether the answer decided about an event. */
  const settle = (batch: Entry[], { status, retryAfter = 0, body }: Partial<Answer> = {}): boolean => {
    const verdicts = Array.isArray(body?.events) ? body!.events : [];
    const complain = (cause: string): void =>
      warn(`check the ${cause}: ${status}, ${body?.error?.message ?? "no answer of the API"}`, cause);
    const decided = verdicts.filter((verdict) => take(batch[verdict?.index], verdict)).length;
    if (decided) most = Math.min(most * 2, BATCH_EVENTS);
    if (decided >= batch.length) failures = 0;
    else if (status === 401 || status === 403) {
      isStopped = true;
      complain("key and reload");
    } else if (status === 413 || (status === 400 && body?.error)) {
      if (batch.length > 1) most = batch.length >> 1;
      else {
        queue.drop(batch[0]!, "rejected");
        backOff(retryAfter);
      }
      return true;
    } else {
      if (status! < 429 && !verdicts.length) complain("url");
      backOff(retryAfter);
    }
    return decided > 0;
  };

  const beacon = (batch: Entry[]): boolean => {
    const isSent = batch.length > 0 && !!attempt(() => navigator.sendBeacon(url, bodyOf(batch)));
    if (isSent) mark(batch, "beacon");
    return isSent;
  };

  /** What does not fit into a beacon of half the size either is sent by the next page. */
  const sendBeacon = (batch: Entry[]): boolean => beacon(batch) || beacon(batch.slice(0, batch.length >> 1));

  const request = async (batch: Entry[], isLeaving?: boolean): Promise<boolean> => {
    const bytes = sum(batch);
    const keepalive = bytes + bytesInFlight <= KEEPALIVE_BYTES && (isLeaving || !failures);
    mark(batch, "request");
    bytesInFlight += bytes;
    const answer = await fetchVerdicts(bodyOf(batch), keepalive).catch(() => undefined);
    bytesInFlight -= bytes;
    mark(batch);
    if (!answer && isLeaving && isHidden() && sendBeacon(batch)) return false;
    const isDecided = settle(batch, answer);
    next();
    return isDecided;
  };

  const send = async (): Promise<boolean> => {
    const batch = flight ? [] : choose(most, BATCH_BYTES);
    if (batch.length) {
      flight = request(batch)
        .catch(() => false)
        .finally(() => (flight = undefined));
    }
    return flight ?? false;
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
      mark(queue.all().filter((entry) => entry.sent === "beacon"));
      next();
    },

    online(): Promise<void> {
      waitUntil = 0;
      return flush();
    },

    flush,
  };
};

const bodyOf = (batch: readonly Entry[]): string => "[" + batch.map((entry) => entry.encoded).join() + "]";
