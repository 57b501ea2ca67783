/** The rows of the home page, and how they change after what the visitor does. */

import { effect, signal } from "@preact/signals";
import { ApiError, sleep } from "./api.js";
import { idsOf, isFromCatalogue, isPersonal, readForYou, readPopular, readSimilar, type List } from "./answers.js";
import { areWaiting, noteEffect, sendNow, silence } from "./events.js";
import { forgetInteractions, noteInteraction, readInteractions, type Interaction } from "./interactions.js";
import { compare, durationOf, isSameList, summaryOf, type Movement } from "./movement.js";
import { followVisitor, readVisitor, setVisitor, subject, visitor } from "./visitor.js";

export interface Shelf {
  list?: List;
  /** How the items moved when the list last changed. */
  moved?: ReadonlyMap<string, Movement>;
  error?: ApiError;
}

export const FOR_YOU = "for-you";

export const forYou = signal<Shelf>({});
export const popular = signal<Shelf>({});
/** The row that follows from one product, and from what the visitor did with it. */
export const because = signal<Shelf & { cause?: Interaction }>({});
/** What changed last, in a sentence. */
export const change = signal("");
/** Whether the shop waits for a list to change. */
export const isWaiting = signal(false);

const errorOf = (error: unknown): ApiError => (error instanceof ApiError ? error : new ApiError(0, String(error)));

/** Counts the visitors and what they do, so that a late answer for a former one is left out. */
let latest = 0;

export const loadForYou = async (): Promise<void> => {
  const asked = latest;
  try {
    const list = await readForYou(subject.peek(), FOR_YOU);
    if (asked === latest) forYou.value = { list };
  } catch (error) {
    if (asked === latest) forYou.value = { ...forYou.peek(), error: errorOf(error) };
  }
};

export const loadPopular = async (): Promise<void> => {
  try {
    popular.value = { list: await readPopular("popular") };
  } catch (error) {
    popular.value = { ...popular.peek(), error: errorOf(error) };
  }
};

/** Shows what goes with a product; without a recommendation the row is left out. */
export const loadBecause = async (cause: Interaction): Promise<void> => {
  try {
    const list = await readSimilar(cause.item_id, "because");
    if (isPersonal(list)) because.value = { cause, list };
  } catch {
    // The row stays as it is: it is an addition to the others.
  }
};

const loadInterest = async (): Promise<void> => {
  const who = subject.peek();
  if (!who) return;
  const interactions = await readInteractions(who).catch(() => []);
  if (who !== subject.peek()) return;
  for (const { item_id, event_type } of interactions) noteInteraction(item_id, event_type);
  const [latest] = interactions;
  if (latest && !because.peek().cause) await loadBecause(latest);
};

/** Reads all rows. */
export const loadShelves = (): Promise<unknown> => Promise.all([loadForYou(), loadPopular(), loadInterest()]);

/** Milliseconds between the questions for a changed list, five seconds in all. */
const PAUSES = [40, 60, 80, 100, 150, 200, 300, 400, 600, 800, 1000, 1300];

let pending: string[] = [];

/** Sends events at once and shows the visitor's list as soon as it differs. */
export const react = async (eventIds: string[], cause: string): Promise<void> => {
  if (silence) {
    change.value = silence;
    return;
  }
  const mine = ++latest;
  const began = performance.now();
  pending = [...pending, ...eventIds];
  isWaiting.value = true;
  const before = idsOf(forYou.peek().list);
  await sendNow();
  let sentence = `Your list is the same after ${cause}.`;
  for (const pause of PAUSES) {
    await sleep(pause);
    const list = await readForYou(subject.peek(), FOR_YOU).catch(() => undefined);
    if (mine !== latest) return;
    if (list && isFromCatalogue(list)) {
      sentence = "We have no suggestions yet. What you do counts as soon as we have.";
      break;
    }
    if (!list || isSameList(before, idsOf(list))) continue;
    const moved = compare(before, idsOf(list));
    const [after, summary] = [durationOf(performance.now() - began), summaryOf(moved)];
    forYou.value = { list, ...(before.length && { moved }) };
    sentence = `Changed ${after} after ${cause}: ${summary}.`;
    noteEffect(pending, `changed your list after ${after}: ${summary}`);
    break;
  }
  if (mine !== latest) return;
  const unsent = areWaiting(pending) ? pending : [];
  change.value = unsent.length ? "Your list stays as it is: what you did waits to be sent." : sentence;
  isWaiting.value = false;
  pending = [];
  if (unsent.length) reactOnceSent(unsent, mine);
};

/** Asks for the changed list when the last of some events is sent, unless the visitor does something else before. */
const reactOnceSent = (eventIds: string[], mine: number): void => {
  const stop = effect(() => {
    if (mine === latest && areWaiting(eventIds)) return;
    queueMicrotask(() => {
      stop();
      if (mine === latest) void react(eventIds, "what you did was sent");
    });
  });
};

/** Forgets the rows of the visitor before, and what that visitor did, unless it joins what the next one did. */
const startRows = (isJoined: boolean): Promise<unknown> => {
  latest++;
  isWaiting.value = false;
  pending = [];
  forYou.value = {};
  because.value = {};
  change.value = "";
  if (!isJoined) forgetInteractions();
  return loadShelves();
};

/** With a user the events are the user's from now on, and those of a session that is kept become the user's too. */
export const changeVisitor = (userId: string | undefined, sessionId?: string): Promise<unknown> => {
  setVisitor({ userId, sessionId });
  return startRows(!!sessionId);
};

/** Follows the log-ins and log-outs of other tabs. */
export const followTabs = (): void => {
  followVisitor(() => {
    const [{ userId }, former] = [visitor.peek(), subject.peek()];
    readVisitor();
    if (userId !== visitor.peek().userId || (former && former !== subject.peek())) void startRows(false);
  });
};
