/** What the shop keeps in the browser; a browser that refuses to store forgets it with the page. */

const PREFIX = "shop:";

export const load = <T>(name: string): T | undefined => {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)!) ?? undefined;
  } catch {
    return undefined;
  }
};

export const save = (name: string, value: unknown): void => {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // It is kept until the page is closed, and what is stored is no longer true.
    forget(name);
  }
};

const forget = (name: string): void => {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // The browser stores nothing.
  }
};

/** Calls back whenever another tab has changed what is stored under a name. */
export const follow = (name: string, onChange: () => void): void => {
  addEventListener("storage", ({ key }) => {
    if (key === PREFIX + name) onChange();
  });
};
