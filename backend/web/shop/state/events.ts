/** What the visitor does, sent by the producer of events; the last ones are kept for the drawer. */

import { signal } from "@preact/signals";
import type { Event, FieldError } from "../../producer/generated/contract.js";
import { createClient, type Client, type Recommendation } from "../../producer/client.js";
import { eventsUrl } from "./api.js";
import { learnSession, visitor } from "./visitor.js";

export type Verdict = "waiting" | "accepted" | "refused" | "dropped";

export interface SentEvent {
  event: Event;
  verdict: Verdict;
  /** Why it was refused or dropped. */
  why?: string;
  /** What it changed. */
  effect?: string;
}

/** How many events the drawer shows. */
const KEPT = 50;

/** The latest first. */
export const sentEvents = signal<readonly SentEvent[]>([]);
/** Of all events since the page was loaded. */
export const counts = signal({ sent: 0, accepted: 0, refused: 0 });
/** Whether the visitor's browser asks that nothing is sent. */
export const isSilent = signal(false);

let client: Client;

const change = (eventId: string | undefined, changes: Partial<SentEvent>): void => {
  sentEvents.value = sentEvents
    .peek()
    .map((sent) => (sent.event.event_id === eventId ? { ...sent, ...changes } : sent));
};

const count = (name: "sent" | "accepted" | "refused"): void => {
  counts.value = { ...counts.peek(), [name]: counts.peek()[name] + 1 };
};

const wordsOf = (errors: readonly FieldError[]): string => errors.map(({ field, rule }) => `${field} ${rule}`).join("; ");

export const startEvents = (): void => {
  client = createClient({
    url: eventsUrl(),
    beforeSend: (event) => {
      const device = matchMedia("(max-width: 40rem)").matches ? "phone" : "desktop";
      learnSession(event.session_id);
      // The user is stated here, not to the client: each tab has a client, and all have the same visitor.
      const { userId } = visitor.peek();
      const marked: Event = { ...event, device, ...(userId && { user_id: userId }) };
      sentEvents.value = [{ event: marked, verdict: "waiting" as const }, ...sentEvents.peek()].slice(0, KEPT);
      count("sent");
      return marked;
    },
    onAccepted: ({ event_id }) => {
      change(event_id, { verdict: "accepted" });
      count("accepted");
    },
    onRefused: ({ event_id }, errors) => {
      change(event_id, { verdict: "refused", why: wordsOf(errors) });
      count("refused");
    },
    onDrop: ({ event_id }, reason) => change(event_id, { verdict: "dropped", why: reason }),
  });
};

/** Whether the API has not yet answered to some of these events. */
export const areWaiting = (eventIds: readonly string[]): boolean =>
  sentEvents.value.some(({ event, verdict }) => verdict === "waiting" && eventIds.includes(event.event_id!));

/** Notes what events have changed. */
export const noteEffect = (eventIds: readonly string[], effect: string): void => {
  for (const eventId of eventIds) change(eventId, { effect });
};

/** Sends what waits, and learns whether the browser lets anything be sent. */
export const sendNow = async (): Promise<void> => {
  const { suppressed } = await client.flush();
  isSilent.value = suppressed > 0;
};

export const observe = (list: Element, recommendation: Recommendation | null, slot: string): (() => void) =>
  client.impressions.observe(list, recommendation, { slot });

/** A click on a product in a list. */
export const clicked = (itemId: string, recommendation: Recommendation | null): string =>
  client.click(itemId, recommendation ? { recommendation } : {});

export const viewed = (itemId: string): string => client.view(itemId);

export const searched = (words: string, hits: number): string =>
  client.track("Search", { properties: { words: words.slice(0, 200), hits } });

interface Line {
  itemId: string;
  quantity: number;
  price: number | undefined;
}

const amountOf = ({ itemId, quantity, price }: Line) => ({
  item_id: itemId,
  quantity,
  ...(price !== undefined && { event_value: price, currency: "EUR" }),
});

export const added = (line: Line): string => client.track("AddToCart", amountOf(line));

export const removed = (line: Line): string => client.track("RemoveFromCart", amountOf(line));

export const bought = (line: Line, orderId: string): string =>
  client.track("Purchase", { ...amountOf(line), order_id: orderId });

/** Starts a new visitor with a new session. */
export const startAnew = (): void => client.logout();
