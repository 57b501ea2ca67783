// Lists that were seen, clicks in them, and what follows from a click.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Browser, ItemElement, listOf } from "./browser.mjs";

const ANSWER = {
  recommendation_id: "RID-1",
  model: "for-you",
  source: "recommender",
  items: ["a", "b", "c", "d"].map((item_id) => ({ item_id })),
  took_ms: 9,
};

const show = async (answer = ANSWER, items = ["a", "b", "c", "d"], size = undefined) => {
  const browser = new Browser();
  const { tab, client } = await browser.open();
  const elements = items.map((item) => new ItemElement(item, size));
  const root = listOf(elements);
  const stop = client.impressions.observe(root, answer, { slot: "home-top" });
  return { browser, tab, client, elements, root, stop };
};

const impressions = ({ accepted }) => accepted.filter(({ event_type }) => event_type === "Impression");

test("half of an item for a second is an impression, with its places in the list", async () => {
  const { browser, tab, elements } = await show();
  elements[2].scrollTo(tab, 1);
  await browser.pass(500);
  elements[0].scrollTo(tab, 0.5);
  elements[1].scrollTo(tab, 0.49);
  elements[3].scrollTo(tab, 1);
  await browser.pass(900);
  elements[3].scrollTo(tab, 0.1);
  await browser.pass(5_000);
  const [event, ...others] = impressions(browser.api);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [event.impression, event.positions],
    [
      ["a", "c"],
      [1, 3],
    ],
  );
  const { recommendation_id, model, source, slot, timestamp } = event;
  assert.deepEqual(
    { recommendation_id, model, source, slot },
    { recommendation_id: "RID-1", model: "for-you", source: "recommender", slot: "home-top" },
  );
  assert.equal(timestamp, "2026-03-01T12:00:01.000Z");
  assert.ok(!("item_id" in event) && !("event_value" in event) && !("variation" in event));
});

test("a large item needs 30 %, and one higher than the viewport half of the viewport", async () => {
  for (const [size, ratio, isSeen] of [
    [{ width: 500, height: 500 }, 0.3, true],
    [{ width: 490, height: 490 }, 0.3, false],
    [{ width: 100, height: 2_000 }, 0.2, true],
    [{ width: 100, height: 2_000 }, 0.15, false],
  ]) {
    const { browser, tab, elements } = await show(ANSWER, ["a"], size);
    elements[0].scrollTo(tab, ratio);
    await browser.pass(5_000);
    assert.equal(impressions(browser.api).length, isSeen ? 1 : 0, `${size.height} ${ratio}`);
  }
});

test("once for each answer and item, however often it is shown or rendered", async () => {
  const { browser, tab, client, elements, root } = await show();
  for (let round = 0; round < 3; round += 1) {
    elements[0].scrollTo(tab, 1);
    await browser.pass(3_000);
    elements[0].scrollTo(tab, 0);
    elements[0] = new ItemElement("a");
    tab.rendered();
  }
  client.impressions.observe(root, ANSWER);
  elements[0].scrollTo(tab, 1);
  await browser.pass(5_000);
  assert.equal(impressions(browser.api).length, 1);
  client.impressions.observe(root, { ...ANSWER, recommendation_id: "RID-2" });
  await browser.pass(5_000);
  assert.deepEqual(
    impressions(browser.api).map(({ recommendation_id }) => recommendation_id),
    ["RID-1", "RID-2"],
  );
});

test("a list of sixty is three events, and one without an answer has the places of the page", async () => {
  const items = Array.from({ length: 60 }, (_, place) => `i-${place}`);
  const { browser, tab, elements } = await show(null, items);
  for (const element of elements) element.scrollTo(tab, 1);
  await browser.pass(5_000);
  assert.deepEqual(
    impressions(browser.api).map(({ positions }) => [positions[0], positions.length]),
    [
      [1, 25],
      [26, 25],
      [51, 10],
    ],
  );
  assert.ok(impressions(browser.api).every((event) => !("recommendation_id" in event)));
});

test("on leaving, what was seen for a second is sent, and the rest begins again", async () => {
  const { browser, tab, elements } = await show();
  elements[0].scrollTo(tab, 1);
  await browser.pass(900);
  elements[1].scrollTo(tab, 1);
  await browser.pass(200);
  await tab.hide();
  assert.deepEqual(
    impressions(browser.api).map(({ impression }) => impression),
    [["a"]],
  );
  elements[2].scrollTo(tab, 1);
  await browser.pass(60_000);
  elements[2].scrollTo(tab, 0);
  await tab.show();
  await browser.pass(900);
  assert.equal(impressions(browser.api).length, 1);
  await browser.pass(5_000);
  assert.deepEqual(impressions(browser.api)[1].impression, ["b"]);
});

test("a list in a tab that opens in the background is seen when the tab is", async () => {
  const { browser, tab, client, root, elements, stop } = await show();
  stop();
  await tab.hide();
  client.impressions.observe(root, ANSWER);
  elements[0].scrollTo(tab, 1);
  await browser.pass(60_000);
  assert.deepEqual(impressions(browser.api), []);
  await tab.show();
  await browser.pass(5_000);
  assert.deepEqual(
    impressions(browser.api).map(({ impression }) => impression),
    [["a"]],
  );
});

test("items that the answer has not, and lists that are no longer observed, are not counted", async () => {
  const { browser, tab, elements, stop } = await show(ANSWER, ["advert", "a"]);
  elements[0].scrollTo(tab, 1);
  await browser.pass(3_000);
  stop();
  elements[1].scrollTo(tab, 1);
  await browser.pass(5_000);
  assert.deepEqual(impressions(browser.api), []);
});

test("a click has its list and what is on screen; the item's purchase, days later, has the list", async () => {
  const { browser, tab, client, elements } = await show();
  for (const element of elements.slice(0, 3)) element.scrollTo(tab, 1);
  client.click("b");
  client.track("AddToCart", { item_id: "c" });
  await browser.pass(3_000);
  client.track("AddToCart", { item_id: "b", recommendation_id: "RID-9" });
  client.click("b");
  await browser.pass(6 * 86_400_000);
  tab.kill();
  const later = await browser.open();
  later.client.track("Purchase", { item_id: "b", order_id: "o-1" });
  later.client.view("b");
  await browser.pass(3_000);
  await browser.pass(86_400_000);
  later.client.track("Purchase", { item_id: "b" });
  await browser.pass(3_000);
  const of = (type) => browser.api.accepted.filter(({ event_type }) => event_type === type);
  const list = { recommendation_id: "RID-1", model: "for-you", source: "recommender", slot: "home-top", position: 2 };
  const named = (event) =>
    Object.fromEntries(Object.keys(list).flatMap((name) => (name in event ? [[name, event[name]]] : [])));
  assert.deepEqual(named(of("Click")[0]), list);
  assert.deepEqual(of("Click")[0].impression, ["a", "b", "c"]);
  assert.deepEqual(of("AddToCart").map(named), [{}, { recommendation_id: "RID-9" }]);
  assert.deepEqual(of("Purchase").map(named), [list, {}]);
  assert.deepEqual(named(of("View")[0]), {});
});

test("a click in a list that is not observed has the answer's id and place", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  client.click("c", { recommendation: { ...ANSWER, variation: "b" }, slot: "cart" });
  client.click("x", { recommendation: { recommendation_id: null, items: ["y"] } });
  await browser.pass(3_000);
  const [one, other] = browser.api.accepted;
  assert.deepEqual([one.recommendation_id, one.position, one.slot, one.variation], ["RID-1", 3, "cart", "b"]);
  for (const name of ["recommendation", "recommendation_id", "position", "impression"])
    assert.ok(!(name in other), name);
});

test("elements without an item as yet, and one that is shown twice, spoil no Impression and no Click", async () => {
  const items = ["a", "", "undefined", " \u00a0", null, "[object Object]", "(none)", "商品", "a"];
  const { browser, tab, client, elements } = await show(null, items);
  for (const element of elements) element.scrollTo(tab, 1);
  await browser.pass(1_500);
  client.click("a");
  await browser.pass(5_000);
  assert.deepEqual(
    browser.api.accepted.map(({ event_type, impression, positions }) => [event_type, impression, positions]),
    [
      ["Click", ["a", "商品"], undefined],
      ["Impression", ["a", "商品"], [1, 8]],
    ],
  );
});

test("after a log-out, or a log-in of another user, nothing says what the former user saw", async () => {
  for (const change of [(client) => client.logout(), () => {}]) {
    const browser = new Browser();
    const { tab, client } = await browser.open({ userId: "ann" });
    const element = new ItemElement("a");
    client.impressions.observe(listOf([element]), ANSWER);
    element.scrollTo(tab, 1);
    await browser.pass(1_200);
    client.click("a", { recommendation: ANSWER });
    change(client);
    client.login("bob");
    client.track("Purchase", { item_id: "a", event_value: 1 });
    await browser.pass(5_000);
    const { accepted } = browser.api;
    const [purchase] = accepted.filter(({ event_type }) => event_type === "Purchase");
    assert.deepEqual(
      accepted.map(({ event_type, user_id }) => [event_type, user_id]).sort(),
      [
        ["Click", "ann"],
        ["Impression", "ann"],
        ["Purchase", "bob"],
      ],
    );
    assert.ok(!("recommendation_id" in purchase));
    assert.notEqual(purchase.visitor_id, accepted[0].visitor_id);
  }
});

test("what was clicked before the first log-in stays with the purchase after it", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  client.click("a", { recommendation: ANSWER });
  client.login("ann");
  client.track("Purchase", { item_id: "a" });
  await browser.pass(3_000);
  assert.equal(browser.api.accepted[1].recommendation_id, "RID-1");
});
