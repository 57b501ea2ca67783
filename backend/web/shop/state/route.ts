/** The page that is shown, as the part of the address after `#`. */

import { signal } from "@preact/signals";

export type Route =
  | { name: "home"; category?: string }
  | { name: "item"; itemId: string }
  | { name: "cart" | "five" | "unknown" };

const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** Returns the page of an address such as `#/item/i-318`. */
export const parseRoute = (hash: string): Route => {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?");
  if (path === "" || path === "/") {
    const category = new URLSearchParams(query).get("category");
    return { name: "home", ...(category && { category }) };
  }
  if (path === "/cart") return { name: "cart" };
  if (path === "/five") return { name: "five" };
  const [, item] = /^\/item\/([^/]+)$/.exec(path) ?? [];
  const itemId = item && decode(item);
  return itemId ? { name: "item", itemId } : { name: "unknown" };
};

export const itemAddress = (itemId: string): string => "#/item/" + encodeURIComponent(itemId);

export const categoryAddress = (category: string): string => "#/?" + new URLSearchParams({ category });

export const route = signal<Route>(parseRoute(location.hash));

export const followAddress = (): void => {
  addEventListener("hashchange", () => (route.value = parseRoute(location.hash)));
};
