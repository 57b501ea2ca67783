/** Who visits the shop: a user who has logged in, or a session. */

import { computed, signal } from "@preact/signals";
import { follow, load, save } from "./storage.js";

export interface Visitor {
  userId?: string | undefined;
  sessionId?: string | undefined;
}

const NAME = "visitor";

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);

/** Returns the visitor that the tabs of this browser share; without a stored one `unstored`. */
const loadVisitor = (unstored: Visitor): Visitor => {
  const stored = load<Partial<Record<keyof Visitor, unknown>>>(NAME);
  return stored ? { userId: textOf(stored.userId), sessionId: textOf(stored.sessionId) } : unstored;
};

export const visitor = signal<Visitor>(loadVisitor({}));

/** Whose recommendations the shop asks for. */
export const subject = computed(() => {
  const { userId, sessionId } = visitor.value;
  return userId ?? (sessionId && "session#" + sessionId);
});

export const setVisitor = (changes: Visitor): void => {
  visitor.value = { ...visitor.peek(), ...changes };
  save(NAME, visitor.peek());
};

/** Takes over the visitor of another tab. */
export const readVisitor = (): void => {
  visitor.value = loadVisitor(visitor.peek());
};

/** Calls back when another tab has changed the stored visitor. */
export const followVisitor = (onChange: () => void): void => follow(NAME, onChange);

/** Learns the session from an event: the producer of events starts one with the first. */
export const learnSession = (sessionId: string | undefined): void => {
  if (!sessionId || sessionId === visitor.peek().sessionId) return;
  // A log-in or a log-out in another tab may have started it, and this tab does not yet know of that.
  readVisitor();
  if (sessionId !== visitor.peek().sessionId) setVisitor({ sessionId });
};
