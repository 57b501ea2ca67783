/** What a page uses: the options of a client, and the client. */

import type { Event, EventFields, EventType, FieldError } from "./generated/contract.js";

/** Whether events may be sent: `pending` keeps a few in memory until the visitor has decided. */
export type Consent = "granted" | "pending" | "denied";

/** Why the client dropped an event without a verdict of the API. */
export type DropReason =
  /** More than 200 events or 256 kB were waiting, or 50 before consent. */
  | "full"
  /** It has more than the 10 KiB of the contract. */
  | "too_large"
  /** It waited for more than 24 hours. */
  | "old"
  /** The API answered 400 or 413 with an error, without a verdict, to a request with this event alone. */
  | "rejected"
  /** `beforeSend` returned nothing, or failed. */
  | "before_send"
  /** It cannot be written as JSON. */
  | "not_json";

export interface Options {
  /** Address of the route, such as `https://api.example.com/v1/e`, or a path of the shop's own domain. */
  url: string;
  /** A key that may write events and nothing else; none where the shop's own domain adds it. */
  key?: string;
  /** The user, where the page knows one. */
  userId?: string;
  /** Default: `granted`. */
  consent?: Consent;
  /** Whether Do Not Track and Global Privacy Control count as `denied`. Default: true. */
  respectSignals?: boolean;
  /** Where ids and unsent events are kept. Default: `local`. */
  storage?: "local" | "session" | "none";
  /** Called with each event that the API accepts: it is in the stream. */
  onAccepted?(event: Event): void;
  /** Called with each event that the API refuses, and the rules that it breaks. */
  onRefused?(event: Event, errors: readonly FieldError[]): void;
  /** Called with each event that is dropped. */
  onDrop?(event: Event, reason: DropReason): void;
  /** Changes an event before it is stored or sent; null drops it. */
  beforeSend?(event: Event): Event | null;
}

/** An answer of the API's recommendations, as it was received. */
export interface Recommendation {
  recommendation_id?: string | null;
  items?: readonly (string | { item_id: string })[];
  model?: string;
  source?: string;
  variation?: string;
}

export interface ListOptions {
  /** Selects the elements of the items inside the list. Default: `[data-item-id]`. */
  itemSelector?: string;
  /** The attribute of such an element that holds the item's id. Default: `data-item-id`. */
  idAttribute?: string;
  /** The place of the list in the shop, such as `home-top`. */
  slot?: string;
}

/** Where the events are: tracked = accepted + refused + suppressed + dropped + stored. */
export interface Stats {
  /** Events of this tab, and of closed tabs whose unsent events it took over. */
  tracked: number;
  /** In the stream, as the API answered. */
  accepted: number;
  /** Broke a rule of the contract; not sent again. */
  refused: number;
  /** Consent denied: stored nowhere. */
  suppressed: number;
  dropped: number;
  /** Waiting for a verdict, in flight included. */
  stored: number;
}

export interface Client {
  /** Sends an event and returns its id. */
  track<T extends EventType>(type: T, fields: EventFields[T]): string;
  view(itemId: string, fields?: Omit<EventFields["View"], "item_id">): string;
  /** Sends a click, with the list that it was made in and the items then on screen. */
  click(itemId: string, fields?: Omit<EventFields["Click"], "item_id"> & { recommendation?: Recommendation }): string;
  impressions: {
    /** Sends an Impression of the list's items as they are seen; returns the function that stops it. */
    observe(list: Element, recommendation: Recommendation | null, options?: ListOptions): () => void;
  };
  login(userId: string): void;
  /** Starts a new session and a new visitor, without a user. */
  logout(): void;
  /** States the visitor's decision; `denied` also removes everything that was stored. */
  consent(value: Exclude<Consent, "pending">): void;
  /** Sends what is stored until nothing is left or a request fails. */
  flush(): Promise<Stats>;
  stats(): Stats;
}
