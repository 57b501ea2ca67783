/** Times, counts and sizes, in one module of their own so that the bundler writes them where they are used. */

/** Times are in milliseconds. */
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

// What waits.
export const MOST_EVENTS = 200;
export const MOST_EVENTS_BEFORE_CONSENT = 50;
export const MOST_BYTES = 256_000;
export const LONGEST_WAIT = DAY;

// Requests.
export const BATCH_EVENTS = 20;
export const BATCH_BYTES = 48_000;
export const LINGER = 2 * SECOND;
export const TIMEOUT = 30 * SECOND;
export const LONGEST_BACKOFF = 60 * SECOND;
export const LONGEST_RETRY_AFTER = HOUR;

/** Bytes of all requests that may outlive the page; browsers allow 64 KiB. https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch */
export const KEEPALIVE_BYTES = 60_000;

// Visitors, sessions and clocks.
export const VISITOR_LIFE = 395 * DAY;
export const IDLE = 30 * MINUTE;
export const SESSION_LIFE = DAY;
export const TOLERATED_SKEW = 2 * SECOND;

/** A clock that has lost its time begins in 1970; what differs by a century is no time. */
export const LARGEST_SKEW = 36_525 * DAY;

// Lists.
export const MOST_ORIGINS = 500;
export const ORIGIN_LIFE = 7 * DAY;
export const SEEN_FOR = SECOND;
export const GROUPED_WITHIN = SECOND;

/** Pixels of a large element, of which 30 % are enough. https://www.mediaratingcouncil.org (viewable impressions) */
export const LARGE = 242_500;
