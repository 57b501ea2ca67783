/** What the page offers, used so that nothing is ever thrown into it. */

/** Every name that this module writes into the storage begins with it. */
export const PREFIX = "rivulet:";

/** Runs code that the browser or the page may refuse. */
export const attempt = <T>(action: () => T): T | undefined => {
  try {
    return action();
  } catch {
    return undefined;
  }
};

/** 32 random hexadecimal digits; an insecure page has no `randomUUID`. */
export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join("");

export const isHidden = (): boolean => document.visibilityState === "hidden";

export const readJson = (storage: Storage | undefined, name: string): any =>
  attempt(() => JSON.parse(storage!.getItem(name)!));

export const writeJson = (storage: Storage | undefined, name: string, value: unknown): void => {
  attempt(() => storage?.setItem(name, JSON.stringify(value)));
};
