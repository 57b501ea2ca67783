/** Starts the shop: its settings, the events, the first lists, and the page. */

import { render } from "preact";
import { App } from "./app.js";
import { applyTheme } from "./parts/theme.js";
import { demonstrationUsers } from "./parts/visitors.js";
import { setBase } from "./state/api.js";
import { followBasket } from "./state/basket.js";
import { startEvents } from "./state/events.js";
import { followAddress } from "./state/route.js";
import { followTabs, loadShelves } from "./state/shelves.js";
import { setVisitor, visitor } from "./state/visitor.js";
import "./shop.css";

interface Settings {
  api: string;
  environment: string;
  demonstration_users?: string[];
}

const readSettings = async (): Promise<Partial<Settings>> => {
  try {
    const answer = await fetch("/config.json", { cache: "no-store" });
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
};

applyTheme();
const settings = await readSettings();
setBase(settings.api ?? "/v1");
demonstrationUsers.value = settings.demonstration_users ?? [];
const { userId } = visitor.peek();
// An earlier release may have had other users.
if (userId && !demonstrationUsers.peek().includes(userId)) setVisitor({ userId: undefined });
startEvents();
followAddress();
followBasket();
followTabs();
void loadShelves();
const root = document.getElementById("app")!;
root.replaceChildren();
render(<App />, root);
