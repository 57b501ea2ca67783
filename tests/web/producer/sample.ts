// What the types of the producer accept, and what they refuse: each refused line is marked.

import { createClient, type EventFields, type EventType, type Recommendation } from "rivulet";

declare module "rivulet" {
  interface EventFields {
    Wishlist: { item_id: string };
  }
}

const client = createClient({
  url: "/e",
  consent: "pending",
  storage: "session",
  beforeSend: (event) => ({ ...event, device: "phone" }),
  onRefused: (event, errors) =>
    console.log(
      event.event_type,
      errors.map(({ field, rule }) => `${field} ${rule}`),
    ),
  onDrop: (event, reason) => console.log(event.event_id, reason === "full"),
});

const answer: Recommendation = { recommendation_id: null, items: [{ item_id: "i-1" }], model: "m" };
const id: string = client.track("Purchase", {
  item_id: "i-1",
  event_value: 9.5,
  currency: "EUR",
  order_id: id0(),
  quantity: 2,
});
client.track("Search", { properties: { words: "boots", hits: 3 } });
client.track("Impression", { impression: ["i-1"], positions: [1], slot: "home-top" });
client.track("Wishlist", { item_id: "i-1" });
client.view("i-1", { position: 3 });
client.click("i-1", { recommendation: answer });
const stop: () => void = client.impressions.observe(document.body, answer, { slot: "home-top" });
client.login("u-1");
client.logout();
client.consent("denied");
client.flush().then(({ tracked, stored }) => console.log(tracked - stored, id, stop));

// @ts-expect-error an address is required
createClient({});
// @ts-expect-error no such type of event
client.track("Buy", { item_id: "i-1" });
// @ts-expect-error a View has an item
client.track("View", {});
// @ts-expect-error an id is a text
client.view(7);
// @ts-expect-error only a Purchase has an order
client.track("View", { item_id: "i-1", order_id: "o-1" });
// @ts-expect-error a View has no quantity
client.track("View", { item_id: "i-1", quantity: 1 });
// @ts-expect-error an Impression has no item
client.track("Impression", { impression: ["i-1"], item_id: "i-1" });
// @ts-expect-error an Impression has a list
client.track("Impression", { slot: "home-top" });
// @ts-expect-error properties are flat
client.track("Search", { properties: { words: ["boots"] } });
// @ts-expect-error the client sets the session
client.track("Search", { session_id: "s-1" });
// @ts-expect-error consent is decided once
client.consent("pending");
// @ts-expect-error the limits are not part of the module
import { MAX_ID_LENGTH } from "rivulet";

function id0(): string {
  const type: EventType = "View";
  const fields: EventFields[typeof type] = { item_id: "i-1" };
  return fields.item_id;
}
