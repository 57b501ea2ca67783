/** The client of a page: events in, requests out, and nothing thrown into the page. */

import type { Client, Consent, Options } from "./api.js";
import { URGENT, createDelivery } from "./delivery.js";
import { MAX_IMPRESSION_ITEMS, type Event } from "./generated/contract.js";
import { createIdentity } from "./identity.js";
import { createImpressions, itemsOf } from "./impressions.js";
import { createOrigins, originOf } from "./origins.js";
import { PREFIX, attempt, isHidden, randomId, warn } from "./page.js";
import { createQueue } from "./queue.js";

export type * from "./api.js";
export type * from "./generated/contract.js";

/** Written and removed where consent is denied, so that the other tabs notice it. */
const DENIED = PREFIX + "denied";

type Fields = Partial<Event>;

/** Returns a sentence where a value is not one of those that are known. */
const findWrong = (name: string, value: string, known: string): string | false =>
  !known.split(", ").includes(value) && `${name} is ${value}, not one of ${known}`;

export const createClient = (options: Options): Client => {
  const { url, consent: asked = "granted", storage = "local", respectSignals = true } = options ?? {};
  const wrong =
    (!url && "createClient needs the option url") ||
    findWrong("consent", asked, "granted, pending, denied") ||
    findWrong("storage", storage, "local, session, none");
  if (wrong) throw TypeError(PREFIX + " " + wrong);
  const isSilent =
    typeof document === "undefined" ||
    navigator.webdriver ||
    (respectSignals && ((navigator as any).globalPrivacyControl || navigator.doNotTrack === "1"));
  let consent: Consent = isSilent ? "denied" : asked;
  let user = options.userId;
  let isLeft = false;
  let wasStored: unknown = false;

  const area = (isShared: boolean): Storage | undefined =>
    attempt(() =>
      consent !== "granted" || storage === "none"
        ? undefined
        : storage !== "session" && isShared
          ? localStorage
          : sessionStorage,
    );
  const shared = (): Storage | undefined => area(true);
  const identity = createIdentity(shared);
  const origins = createOrigins(shared);
  const queue = createQueue(
    // Without locks a tab cannot see whether another is closed: its events are then for its own next page.
    () => area(!!navigator.locks),
    options,
    identity.offset,
    () => consent === "pending",
  );
  const delivery = createDelivery(options, queue, identity, () => consent === "granted");

  const record = (type: string, fields: Fields, at = Date.now()): string => {
    const event_id = fields.event_id ?? randomId();
    if (consent === "denied") {
      queue.suppress();
      return event_id;
    }
    const { item_id, recommendation_id } = fields;
    if (item_id && recommendation_id) attempt(() => origins.remember(item_id, originOf(fields)));
    const follows = item_id && URGENT.includes(type);
    queue.add({
      event_type: type,
      timestamp: new Date(at + identity.offset()).toISOString(),
      user_id: user || undefined,
      ...identity.current(),
      ...(follows && origins.recall(item_id)),
      ...fields,
      event_id,
    } as Event);
    if (isLeft) {
      delivery.leave();
      queue.close();
    } else delivery.next();
    return event_id;
  };

  const impressions = createImpressions((fields, at) => record("Impression", fields, at));

  const click: Client["click"] = (item, given) => {
    const { recommendation, ...fields } = { ...given };
    const list = attempt(() => impressions.listOf(item, recommendation));
    const shown = list?.onScreen().slice(0, MAX_IMPRESSION_ITEMS);
    const position = list?.placeOf(item) ?? (itemsOf(recommendation) ?? []).indexOf(item) + 1;
    return record("Click", {
      ...originOf({
        ...(list ?? { recommendation }).recommendation,
        slot: list?.slot,
        position,
      }),
      impression: shown?.[0] && shown,
      ...fields,
      item_id: item,
    } as Fields);
  };

  /** Removes what is stored, and notifies the other tabs, unless one of them notified this one. */
  const forget = (isNotified?: boolean): void => {
    for (const storage of [attempt(() => localStorage), attempt(() => sessionStorage)]) {
      for (const name of Object.keys(storage ?? {})) if (name.startsWith(PREFIX)) storage!.removeItem(name);
    }
    attempt(() => {
      if (isNotified) return;
      localStorage.setItem(DENIED, "");
      localStorage.removeItem(DENIED);
    });
    identity.renew();
    origins.clear();
  };

  const open = (): void => queue.open(delivery.flush);

  const setConsent = (value: Consent, isNotified?: boolean): void => {
    if (value === "denied") {
      consent = value;
      queue.clear();
      forget(isNotified);
    } else if (!isSilent && value === "granted" && value !== consent) {
      consent = value;
      // A visitor who is known from an earlier visit is the same again.
      for (const entry of queue.all()) queue.rewrite(entry, identity.current());
      open();
      delivery.next();
    }
  };

  const leave = (): void => {
    impressions.leave();
    delivery.leave();
  };

  const resume = (): void => {
    // A page in the back/forward cache gets no event of the storage.
    if (wasStored && !identity.isStored()) setConsent("denied");
    isLeft = wasStored = false;
    open();
    impressions.resume();
    delivery.resume();
  };

  attempt(() => {
    if (consent === "denied") setConsent(consent);
    if (isSilent) return;
    const on = (target: EventTarget, name: string, action: (event: any) => void): void =>
      target.addEventListener(name, (event) => attempt(() => action(event)));
    on(document, "visibilitychange", () => (isHidden() ? leave() : resume()));
    on(window, "pagehide", () => {
      leave();
      isLeft = true;
      wasStored = identity.isStored();
      queue.close();
    });
    on(window, "pageshow", resume);
    on(window, "online", delivery.online);
    on(window, "storage", ({ key }) => key === DENIED && setConsent("denied", true));
    open();
  });

  const setUser = (id?: string): void => {
    // What was seen until now is still the former user's.
    attempt(impressions.resume);
    if (!id || (user ?? id) !== id) {
      identity.renew();
      origins.clear();
    }
    user = id;
  };

  const safe =
    <A extends unknown[]>(action: (...given: A) => string) =>
    (...given: A): string =>
      attempt(() => action(...given)) ?? "";
  return {
    track: safe((type, fields) => record(type, { ...fields })),
    view: safe((item, fields) => record("View", { ...fields, item_id: item })),
    click: safe(click),
    impressions: {
      observe: (list, recommendation, given) =>
        (!isSilent && attempt(() => impressions.observe(list, recommendation, given))) || (() => {}),
    },
    login: setUser,
    logout: () => setUser(),
    consent: (value) => {
      const wrong = findWrong("consent", value, "granted, denied");
      if (wrong) warn(wrong);
      else attempt(() => setConsent(value));
    },
    flush: () => delivery.flush().then(queue.stats, queue.stats),
    stats: queue.stats,
  };
};
