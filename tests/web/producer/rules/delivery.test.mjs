// Batches, answers and retries.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Browser, accepting, answering, down, ids, judging, never, total, verdicts } from "./browser.mjs";

const views = (client, count, from = 0) => {
  for (let number = from; number < from + count; number += 1) client.view(`i-${number}`);
};

test("events of two seconds are one request without any header of its own", async () => {
  const browser = new Browser();
  const { client } = await browser.open({ key: "w k&1" });
  const id = client.view("i-1");
  client.track("Rating", { item_id: "i-2", event_value: 4 });
  await browser.pass(1_900);
  assert.equal(browser.api.requests.length, 0);
  await browser.pass(200);
  const [{ url, init, events }] = browser.api.requests;
  assert.equal(url, "https://api.example/v1/e?key=w%20k%261");
  assert.deepEqual(Object.keys(init).sort(), ["body", "credentials", "keepalive", "method", "signal"]);
  assert.deepEqual([init.method, init.credentials, init.keepalive], ["POST", "omit", true]);
  assert.deepEqual(ids(events), ["i-1", "i-2"]);
  assert.equal(events[0].event_id, id);
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(events[0].timestamp, "2026-03-01T12:00:00.000Z");
  assert.deepEqual(
    { ...client.stats() },
    { tracked: 2, accepted: 2, refused: 0, suppressed: 0, dropped: 0, stored: 0 },
  );
});

test("a purchase, twenty events and 48 kB are sent at once", async () => {
  for (const act of [
    (client) => client.track("Purchase", { item_id: "i-1", event_value: 9, currency: "EUR" }),
    (client) => views(client, 20),
    (client) => [1, 2, 3, 4, 5].map(() => client.view("i-1", { properties: { text: "x".repeat(9_800) } })),
  ]) {
    const browser = new Browser();
    const { client } = await browser.open();
    act(client);
    await browser.pass(5);
    assert.equal(browser.api.requests.length, 1);
  }
});

test("a request has twenty events at most, the next waits for its answer, and order is kept", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  views(client, 50);
  await browser.pass(5_000);
  assert.deepEqual(
    browser.api.requests.map(({ events }) => events.length),
    [20, 20, 10],
  );
  assert.deepEqual(
    ids(browser.api.accepted),
    [...Array(50).keys()].map((number) => `i-${number}`),
  );
});

test("an accepted event is reported, and a refused one with its rules; neither is sent again", async () => {
  const browser = new Browser();
  const [accepted, refused] = [[], []];
  const { client } = await browser.open({
    onAccepted: (event) => accepted.push(event.item_id),
    onRefused: (event, errors) => refused.push([event.item_id, errors]),
  });
  const errors = [{ field: "item_id", rule: "must not be empty" }];
  browser.api.answer(judging("accepted", { status: "refused", reason: "empty", errors }, "suppressed"));
  views(client, 3);
  await browser.pass(60_000);
  assert.equal(browser.api.requests.length, 1);
  assert.deepEqual(accepted, ["i-0"]);
  assert.deepEqual(refused, [["i-1", errors]]);
  assert.deepEqual(
    { ...client.stats() },
    { tracked: 3, accepted: 1, refused: 1, suppressed: 1, dropped: 0, stored: 0 },
  );
});

test("what is to be retried waits for Retry-After and is sent before what is newer", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  browser.api.answer(answering(429, verdicts(["accepted", "retry", "retry"]), { "Retry-After": "7" }));
  views(client, 3);
  await browser.pass(2_100);
  views(client, 1, 3);
  await browser.pass(6_800);
  assert.equal(browser.api.requests.length, 1);
  await browser.pass(300);
  assert.deepEqual(ids(browser.api.requests[1].events), ["i-1", "i-2", "i-3"]);
  assert.equal(browser.api.accepted.length, 4);
});

test("an event leaves the store by a verdict only: half an answer, a page of HTML, no answer at all", async () => {
  for (const answer of [
    judging("accepted"),
    answering(200, "<html>sign in</html>"),
    answering(400, "<html>blocked by the office</html>"),
    answering(200, { anything: "else" }),
    answering(202, verdicts([{ status: "accepted", index: 9 }, null, { index: 0, status: "stored" }])),
    answering(202, verdicts(["tracked", "constructor"])),
    answering(404, { message: "Not Found" }),
    answering(500, "oops"),
    down,
  ]) {
    const browser = new Browser();
    const { client } = await browser.open();
    browser.api.answer(answer);
    views(client, 3);
    await browser.pass(2_002);
    assert.ok(client.stats().stored >= 2);
    assert.equal(client.stats().tracked, total(client.stats()));
    await browser.pass(10_000);
    assert.equal(client.stats().accepted, 3);
    assert.equal(browser.api.requests.length, 2);
  }
});

test("while the API is down the waits grow to a minute, and nothing is lost", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  browser.api.answer(...Array(1_000).fill(down));
  views(client, 5);
  await browser.pass(3_600_000);
  const { requests } = browser.api;
  assert.ok(requests.length >= 60 && requests.length < 400, `${requests.length} requests in an hour`);
  assert.ok(requests.slice(1).every(({ at }, place) => at - requests[place].at <= 60_002));
  browser.api.answers = [];
  await browser.pass(60_002);
  assert.equal(client.stats().accepted, 5);
});

test("a refused key stops the page, keeps its events, and is said once with the API's reason", async () => {
  for (const status of [401, 403]) {
    const browser = new Browser();
    const { tab, client } = await browser.open({ key: "of-a-server" });
    browser.api.answer(answering(status, { error: { code: "forbidden", message: "The key is refused. It is revoked." } }));
    views(client, 2);
    await browser.pass(3_000);
    views(client, 1, 2);
    await browser.pass(3_600_000);
    assert.equal(browser.api.requests.length, 1);
    assert.equal(client.stats().stored, 3);
    assert.deepEqual(tab.warnings, [`rivulet: check the key and reload: ${status}, The key is refused. It is revoked.`]);
    tab.kill();
    await browser.open();
    await browser.pass(3_000);
    assert.equal(browser.api.accepted.length, 3);
  }
});

test("a wrong address is told apart from a wrong key and from an outage, once", async () => {
  for (const [answer, said] of [
    [answering(404, { error: { message: "The path does not exist." } }), "404, The path does not exist."],
    [answering(404, "<html>not found</html>"), "404, no answer of the API"],
    [answering(200, "<html>the shop</html>"), "200, no answer of the API"],
    [answering(405, { message: "Not allowed" }), "405, no answer of the API"],
    [answering(429, { error: { message: "Too many requests" } })],
    [answering(503, "<html>away</html>")],
    [judging("retry", "retry")],
    [down],
  ]) {
    const browser = new Browser();
    const { tab, client } = await browser.open({ key: "secret" });
    browser.api.answer(answer, answer, answer);
    views(client, 2);
    await browser.pass(600_000);
    assert.deepEqual(tab.warnings, said ? [`rivulet: check the url: ${said}`] : []);
    assert.equal(client.stats().accepted, 2);
  }
});

test("a refusal that the page does not take is said once for each reason, without the event", async () => {
  const browser = new Browser();
  const { tab, client } = await browser.open();
  const errors = [{ field: "order_id", rule: "is for a Purchase only" }];
  browser.api.answer(
    judging(
      { status: "refused", reason: "misplaced_field", errors },
      { status: "refused", reason: "misplaced_field", errors: [{ field: "quantity", rule: "is for Purchase" }] },
      { status: "refused", reason: "in_the_past" },
    ),
  );
  views(client, 3);
  await browser.pass(3_000);
  assert.deepEqual(tab.warnings, [
    'rivulet: events are refused: misplaced_field [{"field":"order_id","rule":"is for a Purchase only"}]',
    "rivulet: events are refused: in_the_past []",
  ]);
});

test("options that are missing or unknown are refused by name", async () => {
  const tab = new Browser().tab();
  for (const [options, sentence] of [
    [undefined, "rivulet: createClient needs the option url"],
    [{ url: "" }, "rivulet: createClient needs the option url"],
    [{ url: "/e", consent: "yes" }, "rivulet: consent is yes, not one of granted, pending, denied"],
    [{ url: "/e", consent: null }, "rivulet: consent is null, not one of granted, pending, denied"],
    [{ url: "/e", storage: "cookie" }, "rivulet: storage is cookie, not one of local, session, none"],
  ]) {
    assert.throws(() => tab.createClient(options), { name: "TypeError", message: sentence });
  }
});

test("a decision that is neither consent nor denial changes nothing and is said", async () => {
  const browser = new Browser();
  const { tab, client } = await browser.open({ consent: "pending" });
  client.view("i-1");
  for (const value of ["yes", true, "pending"]) client.consent(value);
  await browser.pass(3_000);
  assert.equal(browser.api.requests.length, 0);
  assert.deepEqual(tab.warnings, [
    "rivulet: consent is yes, not one of granted, denied",
    "rivulet: consent is true, not one of granted, denied",
    "rivulet: consent is pending, not one of granted, denied",
  ]);
});

test("a body that is too large is halved, and an event that is too large alone is dropped", async () => {
  for (const status of [413, 400]) {
    const browser = new Browser();
    const dropped = [];
    const { client } = await browser.open({ onDrop: (event, reason) => dropped.push([event.item_id, reason]) });
    const choosy = (events, page) =>
      events.some(({ item_id }) => item_id === "i-7") ? { status, body: { error: {} } } : accepting(events, page);
    browser.api.answer(...Array(100).fill(choosy));
    views(client, 20);
    await browser.pass(120_000);
    assert.deepEqual(dropped, [["i-7", "rejected"]]);
    assert.deepEqual(
      { ...client.stats() },
      { tracked: 20, accepted: 19, refused: 0, suppressed: 0, dropped: 1, stored: 0 },
    );
    assert.ok(browser.api.requests.length < 20);
  }
});

test("an API that answers 400 to everything is not asked without a pause", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  browser.api.answer(...Array(1_000).fill(answering(400, { error: {} })));
  views(client, 100);
  await browser.pass(60_000);
  assert.ok(browser.api.requests.length < 100, `${browser.api.requests.length} requests in a minute`);
  assert.equal(client.stats().tracked, total(client.stats()));
});

test("offline nothing is sent; online all of it is", async () => {
  const browser = new Browser();
  const { tab, client } = await browser.open();
  await tab.setOnline(false);
  views(client, 30);
  await browser.pass(600_000);
  assert.equal(browser.api.requests.length, 0);
  await tab.setOnline(true);
  await browser.pass(3_000);
  assert.equal(client.stats().accepted, 30);
});

test("an event that waited for a day is dropped", async () => {
  const browser = new Browser();
  const dropped = [];
  const { tab, client } = await browser.open({ onDrop: (event, reason) => dropped.push(reason) });
  await tab.setOnline(false);
  client.view("i-1");
  await browser.pass(24 * 3_600_000);
  client.view("i-2");
  await browser.pass(1);
  await tab.setOnline(true);
  await browser.pass(3_000);
  assert.deepEqual(ids(browser.api.accepted), ["i-2"]);
  assert.deepEqual(dropped, ["old"]);
});

test("a clock that is days or years behind makes no event old", async () => {
  for (const days of [2, 3 * 365]) {
    const browser = new Browser();
    browser.skew = -days * 24 * 3_600_000;
    const { client } = await browser.open();
    views(client, 45);
    await browser.pass(10_000);
    assert.deepEqual(
      { ...client.stats() },
      { tracked: 45, accepted: 45, refused: 0, suppressed: 0, dropped: 0, stored: 0 },
    );
    assert.equal(browser.api.accepted.at(-1).timestamp, "2026-03-01T12:00:00.000Z");
  }
});

test("an event that is larger than the contract's is dropped alone", async () => {
  const browser = new Browser();
  const dropped = [];
  const { tab, client } = await browser.open({ onDrop: (event, reason) => dropped.push([event.item_id, reason]) });
  await tab.setOnline(false);
  views(client, 5);
  client.track("Purchase", { item_id: "bought" });
  client.track("Purchase", { item_id: "large", properties: { html: "x".repeat(300_000) } });
  assert.deepEqual(dropped, [["large", "too_large"]]);
  await tab.setOnline(true);
  await browser.pass(3_000);
  assert.equal(client.stats().accepted, 6);
});

test("flush sends all of it and reports the equation", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  views(client, 45);
  assert.equal((await client.flush()).accepted, 45);
  browser.api.answer(down);
  client.view("i-46");
  assert.equal((await client.flush()).stored, 1);
});

test("a slow API gets one request at a time", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  browser.api.answer(never);
  views(client, 60);
  await browser.pass(5);
  views(client, 60, 60);
  client.track("Purchase", { item_id: "i-1" });
  await browser.pass(60_000);
  assert.equal(browser.api.requests.length, 1);
});

test("a hidden page sends what waits in a request that outlives it, once", async () => {
  const browser = new Browser();
  const { tab, client } = await browser.open();
  views(client, 3);
  await tab.hide();
  assert.equal(client.stats().accepted, 3);
  await tab.leave();
  assert.equal(browser.api.requests.length, 1);
  assert.equal(browser.api.requests[0].init.keepalive, true);
});

test("requests that outlive a page are 60,000 bytes together", async () => {
  const browser = new Browser();
  const { tab, client } = await browser.open();
  browser.api.answer(never);
  const large = { properties: { text: "x".repeat(9_000) } };
  for (let number = 0; number < 10; number += 1) client.view(`i-${number}`, large);
  await browser.pass(5);
  await tab.leave();
  const sizes = browser.api.requests.filter(({ init }) => init.keepalive).map(({ init }) => init.body.length);
  assert.equal(sizes.length, 2);
  assert.ok(sizes[0] + sizes[1] <= 60_000, `${sizes}`);
});

test("without keepalive, and where the request fails, a beacon is sent; it stays stored until a verdict", async () => {
  for (const page of [{ keepalive: false }, {}]) {
    const browser = new Browser();
    const { tab, client } = await browser.open({}, page);
    browser.api.answer(...Array(9).fill(down));
    views(client, 3);
    await tab.hide();
    assert.deepEqual(
      tab.beacons.map(({ events }) => events.length),
      [3],
    );
    assert.equal(tab.beacons[0].url, "https://api.example/v1/e");
    assert.equal(client.stats().stored, 3);
    browser.api.answers = [];
    await tab.show();
    await browser.pass(2_100);
    assert.equal(client.stats().accepted, 3);
  }
});

test("a beacon that is refused is tried once more with half", async () => {
  const browser = new Browser();
  const tried = [];
  const sendBeacon = (url, body) => tried.push(JSON.parse(body).length) > 1;
  const { tab, client } = await browser.open({}, { keepalive: false, navigator: { sendBeacon } });
  views(client, 8);
  await tab.hide();
  assert.deepEqual(tried, [8, 4]);
  assert.equal(client.stats().stored, 8);
});

test("a clock an hour behind is corrected once the API's time is known, also for later pages", async () => {
  const browser = new Browser();
  browser.skew = -3_600_000;
  const { tab, client } = await browser.open();
  views(client, 20);
  client.view("waiting");
  await browser.pass(2_100);
  client.view("i-2");
  await browser.pass(2_100);
  const times = browser.api.accepted.slice(-2).map(({ timestamp }) => timestamp);
  assert.deepEqual(times, ["2026-03-01T12:00:00.000Z", "2026-03-01T12:00:02.100Z"]);
  tab.kill();
  const later = await browser.open();
  later.client.view("i-3");
  await browser.pass(2_100);
  assert.equal(browser.api.accepted.at(-1).timestamp, "2026-03-01T12:00:04.200Z");
});

test("a slow answer is no reason to doubt the clock", async () => {
  const browser = new Browser();
  const { client } = await browser.open();
  // The request waited nine seconds for a function that then answered at once.
  const slow = (events) => ({
    after: 9_000,
    ...accepting(events, { serverTime: () => new Date(browser.now() + 9_000).toISOString() }),
  });
  browser.api.answer(slow);
  views(client, 1);
  await browser.pass(20_000);
  views(client, 1, 1);
  await browser.pass(3_000);
  assert.deepEqual(
    browser.api.accepted.map(({ timestamp }) => timestamp),
    ["2026-03-01T12:00:00.000Z", "2026-03-01T12:00:20.000Z"],
  );
});

test("an event from the future is corrected and sent again once", async () => {
  const future = (events, browser) => ({
    status: 202,
    body: verdicts(
      events.map(() => ({ status: "refused", reason: "in_future", errors: [] })),
      { server_time: browser.serverTime() },
    ),
  });
  for (const hours of [1, 24]) {
    const browser = new Browser();
    const refused = [];
    browser.skew = hours * 3_600_000;
    const { client } = await browser.open({ onRefused: (event) => refused.push(event.item_id) });
    browser.api.answer(future);
    client.view("i-1");
    await browser.pass(10_000);
    assert.equal(browser.api.accepted[0].timestamp, "2026-03-01T12:00:00.000Z");
    browser.api.answer(future);
    client.view("i-2");
    await browser.pass(10_000);
    assert.deepEqual(refused, ["i-2"]);
    assert.equal(client.stats().tracked, total(client.stats()));
  }
});

test("an event that stays in the future is sent twice, however the API's time varies", async () => {
  const browser = new Browser();
  browser.skew = -60_000;
  let answers = 0;
  const future = (events) => ({
    status: 202,
    body: verdicts(
      events.map(() => ({ status: "refused", reason: "in_future" })),
      { server_time: new Date(Date.parse(browser.serverTime()) + (answers++ % 2)).toISOString() },
    ),
  });
  browser.api.answer(...Array(50).fill(future));
  const { client } = await browser.open();
  client.view("i-1", { timestamp: "2026-03-01T13:00:00.000Z" });
  await browser.pass(60_000);
  assert.equal(browser.api.requests.length, 2);
  assert.equal(client.stats().refused, 1);
});

test("a time of the API that is no time changes no event, on later pages either", async () => {
  for (const time of ["+275760-09-13T00:00:00Z", "9999-12-31T23:59:59Z", "soon"]) {
    const browser = new Browser();
    const { client } = await browser.open();
    browser.api.answer((events) => ({
      status: 202,
      body: verdicts(
        events.map(() => "accepted"),
        { server_time: time },
      ),
    }));
    client.view("i-0");
    await browser.pass(3_000);
    assert.match(client.view("i-1"), /^[0-9a-f]{32}$/);
    const next = await browser.open();
    next.client.view("i-2");
    await browser.pass(3_000);
    assert.deepEqual(
      browser.api.accepted.map(({ timestamp }) => timestamp),
      ["2026-03-01T12:00:00.000Z", "2026-03-01T12:00:03.000Z", "2026-03-01T12:00:03.000Z"],
    );
  }
});

test("nothing that a page gives, and nothing that its functions throw, reaches the page", async () => {
  const browser = new Browser();
  const fail = () => {
    throw new Error("of the page");
  };
  const { client } = await browser.open({ onAccepted: fail, onDrop: fail, onRefused: fail });
  const circle = {};
  circle.circle = circle;
  for (const fields of [
    null,
    undefined,
    circle,
    { item_id: 1n },
    {
      get item_id() {
        throw new Error("getter");
      },
    },
  ]) {
    assert.equal(typeof client.track("View", fields), "string");
  }
  client.view();
  client.click(undefined, null);
  client.impressions.observe(null, null)();
  browser.api.answer((events) => ({ status: 400, body: verdicts(events.map(() => "refused")) }));
  await browser.pass(10_000);
  assert.equal(client.stats().tracked, total(client.stats()));
});

test("beforeSend changes or drops events before they are stored", async () => {
  const browser = new Browser();
  const dropped = [];
  const beforeSend = (event) => {
    if (event.item_id === "secret") return null;
    if (event.item_id === "bad") throw new Error("of the page");
    return { ...event, device: "phone" };
  };
  const { client } = await browser.open({ beforeSend, onDrop: (event, reason) => dropped.push(reason) });
  for (const item of ["i-1", "secret", "bad"]) client.view(item);
  await browser.pass(2_100);
  assert.deepEqual(
    browser.api.accepted.map(({ device }) => device),
    ["phone"],
  );
  assert.deepEqual(dropped, ["before_send", "before_send"]);
  assert.deepEqual(
    { ...client.stats() },
    { tracked: 3, accepted: 1, refused: 0, suppressed: 0, dropped: 2, stored: 0 },
  );
});

test("without a window, and for a program that drives the browser, nothing is sent or stored", async () => {
  for (const page of [{ server: true }, { navigator: { webdriver: true } }]) {
    const browser = new Browser();
    const { client } = await browser.open({}, page);
    assert.match(client.view("i-1"), /^[0-9a-f]{32}$/);
    client.login("u-1");
    client.logout();
    client.consent("granted");
    client.impressions.observe({}, null)();
    await client.flush();
    await browser.pass(60_000);
    assert.equal(browser.api.requests.length, 0);
    assert.deepEqual(Object.keys(browser.storage), []);
    assert.deepEqual(
      { ...client.stats() },
      { tracked: 1, accepted: 0, refused: 0, suppressed: 1, dropped: 0, stored: 0 },
    );
  }
});
