// Tabs, the storage, identity and consent.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Browser, down, ids, never, total } from "./browser.mjs";

const HOUR = 3_600_000;
const tabsStored = (browser) => Object.keys(browser.storage).filter((name) => name.startsWith("rivulet:tab:"));

test("the next page sends what a killed tab has left, with its counts", async () => {
  const browser = new Browser();
  const { tab, client } = await browser.open();
  client.view("i-0");
  await browser.pass(2_100);
  browser.api.answer(never);
  client.view("i-1");
  client.track("Purchase", { item_id: "i-2" });
  await browser.pass(10);
  client.view("i-3");
  await browser.pass(1);
  tab.kill();
  const next = await browser.open();
  next.client.view("i-4");
  await browser.pass(3_000);
  assert.deepEqual(ids(browser.api.accepted), ["i-0", "i-1", "i-2", "i-3", "i-4"]);
  assert.deepEqual(
    { ...next.client.stats() },
    { tracked: 5, accepted: 5, refused: 0, suppressed: 0, dropped: 0, stored: 0 },
  );
  assert.equal(tabsStored(browser).length, 1);
});

test("events are stored before the tab has its lock, and after it was left", async () => {
  const browser = new Browser();
  const locks = { request: () => new Promise(() => {}) };
  const { tab, client } = await browser.open({}, { navigator: { locks } });
  await tab.setOnline(false);
  client.view("i-1");
  await browser.pass(1);
  tab.kill();
  const next = await browser.open();
  next.tab.navigator.onLine = false;
  next.client.view("i-2");
  await next.tab.leave();
  next.tab.kill();
  const last = await browser.open();
  await browser.pass(3_000);
  assert.deepEqual(ids(browser.api.accepted), ["i-1", "i-2"]);
  assert.equal(last.client.stats().accepted, 2);
});

test("what a page tracks in its own handlers as it is left is sent, or else stored for the next page", async () => {
  for (const isDown of [false, true]) {
    const browser = new Browser();
    const { tab, client } = await browser.open({}, { beacon: false });
    if (isDown) browser.api.answer(...Array(9).fill(down));
    client.view("i-1");
    tab.window.window.addEventListener("pagehide", () => client.view("i-2"));
    tab.document.addEventListener("visibilitychange", () => client.view("i-3"));
    tab.leave();
    tab.kill();
    assert.deepEqual(ids(browser.api.requests.flatMap(({ events }) => events)), ["i-1", "i-2", "i-3"]);
    browser.api.answers = [];
    const next = await browser.open();
    await browser.pass(3_000);
    assert.deepEqual([...new Set(ids(browser.api.accepted))].sort(), ["i-1", "i-2", "i-3"]);
    assert.equal(next.client.stats().tracked, 3);
    assert.equal(tabsStored(browser).length, 1);
  }
});

test("what is tracked before a page returns from the back/forward cache is its own again", async () => {
  const browser = new Browser();
  const { tab, client } = await browser.open({}, { beacon: false });
  browser.api.answer(down);
  await tab.leave();
  client.view("i-1");
  await browser.pass(0);
  await tab.restore();
  client.view("i-2");
  await browser.pass(3_000);
  assert.deepEqual(ids(browser.api.accepted).sort(), ["i-1", "i-2"]);
  assert.equal(client.stats().tracked, 2);
});

test("a living tab's events stay its own", async () => {
  const browser = new Browser();
  const one = await browser.open();
  await one.tab.setOnline(false);
  one.client.view("i-1");
  const other = await browser.open();
  other.client.view("i-2");
  await browser.pass(3_000);
  assert.deepEqual(ids(browser.api.accepted), ["i-2"]);
  assert.deepEqual(
    [one, other].map(({ client }) => client.stats().tracked),
    [1, 1],
  );
});

test("a page that returns from the back/forward cache knows what another page took over", async () => {
  for (const isTaken of [true, false]) {
    const browser = new Browser();
    const { tab, client } = await browser.open();
    browser.api.answer(down);
    client.view("i-1");
    await tab.leave();
    const other = isTaken ? await browser.open() : undefined;
    await browser.pass(isTaken ? 3_000 : 0);
    await tab.restore();
    client.view("i-2");
    await browser.pass(3_000);
    assert.deepEqual(ids(browser.api.accepted), ["i-1", "i-2"]);
    const tracked = client.stats().tracked + (other?.client.stats().tracked ?? 0);
    assert.equal(tracked, 2);
    assert.equal(client.stats().tracked, total(client.stats()));
  }
});

test("without locks, a tab's events are for its own next page", async () => {
  const browser = new Browser();
  const { tab, client } = await browser.open({}, { locks: false });
  await tab.setOnline(false);
  client.view("i-1");
  await browser.pass(1);
  tab.kill();
  const other = await browser.open({}, { locks: false });
  await browser.pass(3_000);
  assert.equal(other.client.stats().tracked, 0);
  const next = await browser.open({}, { locks: false, session: tab.session });
  await browser.pass(3_000);
  assert.equal(next.client.stats().accepted, 1);
});

test("where the storage is full, or denied, events wait in memory", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  client.view("i-1");
  await browser.pass(1);
  browser.storage.full = true;
  client.view("i-2");
  await browser.pass(1);
  assert.equal(tabsStored(browser).length, 0);
  await browser.pass(3_000);
  assert.equal(client.stats().accepted, 2);

  const strict = new Browser();
  const tab = strict.tab();
  Object.defineProperty(tab.window, "localStorage", {
    get: () => {
      throw new Error("SecurityError");
    },
  });
  const refused = tab.createClient({ url: "/e" });
  refused.view("i-1");
  await strict.pass(3_000);
  assert.equal(refused.stats().accepted, 1);
});

test("where the storage has no room, all events after a log-out are of one new visitor", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  client.view("i-1");
  await browser.pass(3_000);
  browser.storage.full = true;
  client.logout();
  for (const item of ["i-2", "i-3"]) client.view(item);
  await browser.pass(3_000);
  const [before, ...after] = browser.api.accepted;
  assert.notEqual(after[0].visitor_id, before.visitor_id);
  for (const name of ["visitor_id", "session_id"]) assert.equal(after[0][name], after[1][name]);
});

test("a clock that was years ahead does not prolong the visitor's life", async () => {
  const browser = new Browser();
  browser.skew = 20 * 365 * 24 * HOUR;
  const { client } = await browser.open();
  client.view("i-1");
  browser.skew = 0;
  client.view("i-2");
  await browser.pass(396 * 24 * HOUR);
  client.view("i-3");
  await browser.pass(3_000);
  const [first, second, third] = browser.api.accepted.map(({ visitor_id }) => visitor_id);
  assert.equal(second, first);
  assert.notEqual(third, first);
});

test("two hundred events wait, the oldest but purchases are dropped first", async () => {
  const browser = new Browser();
  const dropped = [];
  const { tab, client } = await browser.open({ onDrop: (event, reason) => dropped.push([event.item_id, reason]) });
  await tab.setOnline(false);
  client.track("Purchase", { item_id: "bought" });
  for (let number = 0; number < 200; number += 1) client.view(`i-${number}`);
  assert.deepEqual(dropped, [["i-0", "full"]]);
  for (let number = 0; number < 40; number += 1)
    client.view(`l-${number}`, { properties: { text: "ü".repeat(4_800) } });
  assert.ok(browser.storage && client.stats().stored < 200);
  assert.equal(client.stats().tracked, total(client.stats()));
  await tab.setOnline(true);
  await browser.pass(60_000);
  assert.ok(ids(browser.api.accepted).includes("bought"));
  assert.equal(client.stats().stored, 0);
});

test("what another program has written into the storage does no harm", async () => {
  for (const content of ["5", "null", "{", '"text"', "[[1]]", '{"tracked":"x"}\nno event\n0 {"event_type":"View"']) {
    const browser = new Browser();
    for (const name of ["rivulet:ids", "rivulet:origins", "rivulet:tab:other"]) browser.storage.setItem(name, content);
    const { client } = await browser.open();
    client.click("i-1", { recommendation_id: "r" });
    client.track("Purchase", { item_id: "i-1" });
    await browser.pass(3_000);
    assert.equal(client.stats().accepted, 2);
    assert.equal(client.stats().tracked, total(client.stats()));
  }
});

test("a damaged line costs its event alone, and is counted", async () => {
  for (const line of ['0 {"event_ty', "0 null", "0 5", ""]) {
    const browser = new Browser();
    const whole = '0 {"event_type":"View","timestamp":"2026-03-01T11:59:00.000Z","item_id":"i-1","event_id":"a"}';
    browser.storage.setItem("rivulet:tab:dead", ['{"accepted":3}', whole, line].join("\n"));
    const { client } = await browser.open();
    await browser.pass(4_000);
    assert.deepEqual(
      { ...client.stats() },
      { tracked: 5, accepted: 4, refused: 0, suppressed: 0, dropped: 1, stored: 0 },
    );
  }
});

test("a session ends after thirty minutes without an event, or after a day; the visitor stays", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  client.view("i-0");
  await browser.pass(29 * 60_000);
  client.view("i-1");
  await browser.pass(30 * 60_000);
  client.view("i-2");
  for (let half = 0; half < 60; half += 1) {
    await browser.pass(25 * 60_000);
    client.view("i-3");
  }
  await browser.pass(3_000);
  const sessions = browser.api.accepted.map(({ session_id }) => session_id);
  assert.equal(sessions[0], sessions[1]);
  assert.notEqual(sessions[1], sessions[2]);
  assert.equal(new Set(sessions.slice(2)).size, 2);
  assert.equal(new Set(browser.api.accepted.map(({ visitor_id }) => visitor_id)).size, 1);
});

test("tabs and visits share the visitor for thirteen months, and a session while it lasts", async () => {
  const browser = new Browser();
  const one = await browser.open();
  const other = await browser.open();
  one.client.view("i-1");
  other.client.view("i-2");
  await browser.pass(3_000);
  await browser.pass(394 * 24 * HOUR);
  one.client.view("i-3");
  await browser.pass(2 * 24 * HOUR);
  one.client.view("i-4");
  await browser.pass(3_000);
  const { accepted } = browser.api;
  assert.equal(accepted[0].session_id, accepted[1].session_id);
  assert.deepEqual(
    accepted.map(({ visitor_id }) => visitor_id === accepted[0].visitor_id),
    [true, true, true, false],
  );
});

test("a log-in keeps the session, a log-out begins another one of another visitor", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  client.view("i-1");
  client.login("u-1");
  client.view("i-2");
  client.logout();
  client.view("i-3");
  await browser.pass(3_000);
  const [before, during, after] = browser.api.accepted;
  assert.deepEqual([before.user_id, during.user_id, after.user_id], [undefined, "u-1", undefined]);
  assert.equal(before.session_id, during.session_id);
  assert.equal(before.visitor_id, during.visitor_id);
  assert.notEqual(after.session_id, during.session_id);
  assert.notEqual(after.visitor_id, during.visitor_id);
});

test("a page that writes an empty user id knows no user", async () => {
  const browser = new Browser();
  const { client } = await browser.open({ userId: "" });
  client.view("i-1");
  await browser.pass(3_000);
  assert.ok(!("user_id" in browser.api.accepted[0]));
});

test("before consent nothing is stored or sent, and fifty events are kept", async () => {
  const browser = new Browser();
  const known = await browser.open();
  known.client.view("i");
  await browser.pass(3_000);
  known.tab.kill();
  browser.storage.removeItem(tabsStored(browser)[0]);
  const stored = JSON.stringify(browser.storage);

  const { client } = await browser.open({ consent: "pending" });
  for (let number = 0; number < 60; number += 1) client.view(`i-${number}`);
  await browser.pass(60_000);
  assert.equal(browser.api.requests.length, 1);
  assert.equal(JSON.stringify(browser.storage), stored);
  assert.deepEqual([client.stats().stored, client.stats().dropped], [50, 10]);

  client.consent("granted");
  await browser.pass(3_000);
  assert.equal(browser.api.accepted.length, 51);
  assert.equal(new Set(browser.api.accepted.map(({ visitor_id }) => visitor_id)).size, 1);
  assert.equal(new Set(browser.api.accepted.map(({ session_id }) => session_id)).size, 1);
});

test("denied consent suppresses what waits and what follows, and removes what is stored, in all tabs", async () => {
  const browser = new Browser();
  const one = await browser.open();
  const other = await browser.open();
  for (const { tab, client } of [one, other]) {
    await tab.setOnline(false);
    client.view("i-1");
  }
  await browser.pass(1);
  one.client.consent("denied");
  for (const { tab, client } of [one, other]) {
    client.view("i-2");
    await tab.setOnline(true);
    await browser.pass(60_000);
    assert.deepEqual(
      { ...client.stats() },
      { tracked: 2, accepted: 0, refused: 0, suppressed: 2, dropped: 0, stored: 0 },
    );
  }
  assert.equal(browser.api.requests.length, 0);
  assert.deepEqual(Object.keys(browser.storage), []);

  one.client.consent("granted");
  one.client.view("i-3");
  await browser.pass(3_000);
  assert.deepEqual(ids(browser.api.accepted), ["i-3"]);
});

test("a page that begins with denial removes what earlier pages have left", async () => {
  for (const [options, page, given] of [
    [{ consent: "denied" }, {}],
    [{ consent: "denied" }, {}, "denied"],
    [{ consent: "pending" }, {}, "denied"],
    [{}, { navigator: { globalPrivacyControl: true } }],
  ]) {
    const browser = new Browser();
    browser.api.answer(...Array(9).fill(down));
    const { tab, client } = await browser.open({ userId: "ann" });
    client.click("i-1", { recommendation: { recommendation_id: "r", items: ["i-1"] } });
    await browser.pass(1);
    tab.kill();
    const denying = await browser.open(options, { ...page, session: tab.session });
    if (given) denying.client.consent(given);
    assert.deepEqual([Object.keys(browser.storage), Object.keys(tab.session)], [[], []]);
    denying.tab.kill();
    browser.api.answers = [];
    await browser.open();
    await browser.pass(5_000);
    assert.deepEqual(browser.api.accepted, []);
  }
});

test("every tab of the browser notices denial, where it has no lock or a storage of its own too", async () => {
  for (const [options, page] of [
    [{}, {}],
    [{}, { locks: false }],
    [{ storage: "session" }, {}],
    [{ storage: "none" }, {}],
  ]) {
    const browser = new Browser();
    const one = await browser.open({}, page);
    const other = await browser.open(options, page);
    await other.tab.setOnline(false);
    other.client.view("i-1");
    one.client.consent("denied");
    other.client.view("i-2");
    assert.equal(other.client.stats().suppressed, 2);
    assert.deepEqual([Object.keys(browser.storage), Object.keys(other.tab.session)], [[], []]);
  }
});

test("a page that returns from the back/forward cache notices that consent was denied meanwhile", async () => {
  for (const page of [{}, { locks: false }]) {
    const browser = new Browser();
    const one = await browser.open({}, page);
    const other = await browser.open({}, page);
    other.client.view("i-1");
    await browser.pass(3_000);
    await other.tab.leave();
    one.client.consent("denied");
    await other.tab.restore();
    other.client.view("i-2");
    await browser.pass(3_000);
    assert.deepEqual(ids(browser.api.accepted), ["i-1"]);
    assert.deepEqual(Object.keys(browser.storage), []);
  }
});

test("the signals of a browser count as denied, unless the page decides otherwise", async () => {
  for (const navigator of [{ globalPrivacyControl: true }, { doNotTrack: "1" }]) {
    for (const respectSignals of [undefined, false]) {
      const browser = new Browser();
      const { client } = await browser.open({ respectSignals }, { navigator });
      client.consent("granted");
      client.view("i-1");
      await browser.pass(3_000);
      assert.equal(browser.api.requests.length, respectSignals === false ? 1 : 0);
    }
  }
});

test("storage in the session, or none at all", async () => {
  for (const storage of ["session", "none"]) {
    const browser = new Browser();
    const { tab, client } = await browser.open({ storage });
    await tab.setOnline(false);
    client.view("i-1");
    await browser.pass(1);
    assert.deepEqual(Object.keys(browser.storage), []);
    assert.equal(Object.keys(tab.session).length, storage === "session" ? 2 : 0);
    tab.kill();
    const next = await browser.open({ storage }, { session: tab.session });
    await browser.pass(3_000);
    assert.equal(next.client.stats().accepted, storage === "session" ? 1 : 0);
  }
});
