/** What the page offers, used so that nothing is ever thrown into it. */

/** Every name that this module writes into the storage begins with it. */
export const PREFIX = "rivulet:";

/** Runs code that the browser or the page may refuse. */
export const attempt = <T>(action: () => T): T | undefined => {
  try {
    return action();
  } catch {}
  return undefined;
};

const warned = new Set<unknown>();

/** Writes a sentence into the console, once for each reason; it never has an event's own values. */
export const warn = (sentence: string, reason: unknown = sentence): void => {
  if (!warned.has(reason)) console.warn(PREFIX + " " + sentence);
  warned.add(reason);
};

/** 32 random hexadecimal digits; an insecure page has no `randomUUID`. */
export const randomId = (): string =>
  crypto.getRandomValues(new Uint8Array(16)).reduce((digits, byte) => digits + (byte + 256).toString(16).slice(1), "");

export const isHidden = (): boolean => document.hidden;

export const readJson = (storage: Storage | undefined, name: string): any =>
  attempt(() => JSON.parse(storage!.getItem(name)!));

/** Returns true where a text is stored; without room nothing is, since what the storage has is no longer true. */
export const store = (storage: Storage | undefined, name: string, text: string): true | void =>
  attempt(() => (storage!.setItem(name, text), true as const)) ?? attempt(() => storage!.removeItem(name));

export const writeJson = (storage: Storage | undefined, name: string, value: unknown): true | void =>
  store(storage, name, JSON.stringify(value));
