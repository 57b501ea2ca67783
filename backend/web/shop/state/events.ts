/** What the visitor does, sent by the producer of events; the last ones are kept for the drawer. */

import { signal } from "@preact/signals";
import type { Event, FieldError } from "../../producer/generated/contract.js";
import { createClient, type Client, type Recommendation } from "../../producer/client.js";
import { eventsUrl } from "./api.js";
import { noteInteraction } from "./interactions.js";
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
/** Of all events since the page was loaded; answers to those of pages before do not count. */
export const counts = signal({ sent: 0, accepted: 0, refused: 0 });

const REASONS = {
  asked: "Your browser asks shops not to follow you: nothing is sent, and your list stays as it is.",
  automated:
    "A program drives this browser, and what programs do is not counted: nothing is sent, and your list stays as it is.",
};

/** Why nothing is sent, in a sentence; empty where events are sent. The producer has the same reasons. */
export const silence = navigator.webdriver
  ? REASONS.automated
  : (navigator as any).globalPrivacyControl || navigator.doNotTrack === "1"
    ? REASONS.asked
    : "";

let client: Client;

/** The events of this page to which the API has not answered. */
const unanswered = new Set<string | undefined>();

const change = (eventId: string | undefined, changes: Partial<SentEvent>): void => {
  sentEvents.value = sentEvents
    .peek()
    .map((sent) => (sent.event.event_id === eventId ? { ...sent, ...changes } : sent));
};

const count = (name: "sent" | "accepted" | "refused"): void => {
  counts.value = { ...counts.peek(), [name]: counts.peek()[name] + 1 };
};

const countAnswer = (eventId: string | undefined, name: "accepted" | "refused"): void => {
  if (unanswered.delete(eventId)) count(name);
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
      unanswered.add(event.event_id);
      count("sent");
      return marked;
    },
    onAccepted: ({ event_id }) => {
      change(event_id, { verdict: "accepted" });
      countAnswer(event_id, "accepted");
    },
    onRefused: ({ event_id }, errors) => {
      change(event_id, { verdict: "refused", why: wordsOf(errors) });
      countAnswer(event_id, "refused");
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

/** Sends what waits. */
export const sendNow = (): Promise<unknown> => client.flush();

export const observe = (list: Element, recommendation: Recommendation | null, slot: string): (() => void) =>
  client.impressions.observe(list, recommendation, { slot });

/** A click on a product in a list. */
export const clicked = (itemId: string, recommendation: Recommendation | null): string =>
  client.click(itemId, recommendation ? { recommendation } : {});

export const viewed = (itemId: string): string => {
  noteInteraction(itemId, "View");
  return client.view(itemId);
};

export const searched = (query: string, hits: number): string =>
  client.track("Search", { properties: { query: query.slice(0, 200), hits } });

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

export const added = (line: Line): string => {
  noteInteraction(line.itemId, "AddToCart");
  return client.track("AddToCart", amountOf(line));
};

export const removed = (line: Line): string => client.track("RemoveFromCart", amountOf(line));

export const bought = (line: Line, orderId: string): string => {
  noteInteraction(line.itemId, "Purchase");
  return client.track("Purchase", { ...amountOf(line), order_id: orderId });
};

/** Starts a new visitor with a new session. */
export const startAnew = (): void => client.logout();
