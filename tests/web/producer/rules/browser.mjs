// A browser without a window: tabs with a fake clock, network, storage and locks, each a context of its own.

import { readFileSync } from "node:fs";
import vm from "node:vm";

// The module as a script that defines `Rivulet`, which the test's caller has built.
const script = new vm.Script(readFileSync(process.env.RIVULET_SCRIPT, "utf8"));

const settle = async () => {
  for (let round = 0; round < 5; round += 1) await new Promise(setImmediate);
};

class FakeStorage {
  #full = false;

  constructor() {
    Object.defineProperty(this, "listeners", { value: [] });
  }

  set full(isFull) {
    this.#full = isFull;
  }

  getItem(name) {
    return Object.hasOwn(this, name) ? this[name] : null;
  }

  setItem(name, value) {
    if (this.#full) throw new DOMException("full", "QuotaExceededError");
    this[name] = value;
  }

  removeItem(name) {
    delete this[name];
    for (const listener of this.listeners) listener({ key: name, newValue: null });
  }
}

class Locks {
  #held = new Map();
  #waiting = [];

  request(tab, name, options, callback) {
    if (!callback) [options, callback] = [{}, options];
    if (!this.#held.has(name)) return this.#grant(tab, name, callback);
    if (options.ifAvailable) return Promise.resolve(callback(null));
    return new Promise((resolve) => this.#waiting.push({ tab, name, callback, resolve }));
  }

  async #grant(tab, name, callback) {
    this.#held.set(name, tab);
    await null;
    if (this.#held.get(name) !== tab) return;
    try {
      await callback({ name });
    } finally {
      if (this.#held.get(name) === tab) this.#free(name);
    }
  }

  #free(name) {
    this.#held.delete(name);
    const place = this.#waiting.findIndex((other) => other.name === name);
    if (place >= 0) {
      const [next] = this.#waiting.splice(place, 1);
      next.resolve(this.#grant(next.tab, name, next.callback));
    }
  }

  kill(tab) {
    for (const [name, holder] of [...this.#held]) if (holder === tab) this.#free(name);
  }
}

// The API: answers the next scripted answer, or accepts everything.
class Api {
  requests = [];
  answers = [];
  accepted = [];

  answer(...answers) {
    this.answers.push(...answers);
  }

  async fetch(browser, url, init) {
    const events = JSON.parse(init.body);
    const request = { url, init, events, at: browser.elapsed };
    this.requests.push(request);
    const answer = (this.answers.shift() ?? accepting)(events, browser);
    if (answer === "down") throw new TypeError("Failed to fetch");
    if (answer === "never") return new Promise(() => {});
    if (answer.after) await new Promise((resolve) => browser.later(undefined, resolve, answer.after, []));
    for (const { index, status } of answer.body?.events ?? [])
      if (status === "accepted") this.accepted.push(events[index]);
    return {
      status: answer.status,
      headers: { get: (name) => answer.headers?.[name] ?? null },
      json: async () => {
        if (typeof answer.body !== "object") throw new SyntaxError("no JSON");
        return answer.body;
      },
    };
  }
}

export const verdicts = (statuses, more = {}) => ({
  request_id: "r",
  events: statuses.map((status, index) => ({ index, ...(typeof status === "string" ? { status } : status) })),
  ...more,
});
export const accepting = (events, browser) => ({
  status: 202,
  body: verdicts(
    events.map(() => "accepted"),
    { server_time: browser.serverTime() },
  ),
});
export const answering = (status, body, headers) => () => ({ status, body, headers });
export const judging =
  (...statuses) =>
  () => ({ status: 202, body: verdicts(statuses) });
export const down = () => "down";
export const never = () => "never";

export class Browser {
  elapsed = 0;
  /** Milliseconds that this machine's clock is ahead. */
  skew = 0;
  storage = new FakeStorage();
  locks = new Locks();
  api = new Api();
  tabs = [];
  #timers = [];
  #began = Date.parse("2026-03-01T12:00:00Z");

  now = () => this.#began + this.elapsed + this.skew;
  serverTime = () => new Date(this.#began + this.elapsed).toISOString();

  tab(page = {}) {
    const tab = new Tab(this, page);
    this.tabs.push(tab);
    return tab;
  }

  // Opens a tab with one client, which has its lock when this returns.
  async open(options = {}, page = {}) {
    const tab = this.tab(page);
    const client = tab.createClient({ url: "https://api.example/v1/e", ...options });
    await settle();
    return { tab, client };
  }

  later(tab, action, delay, given) {
    const timer = { tab, action: () => action(...given), at: this.elapsed + Math.max(delay, 0) };
    this.#timers.push(timer);
    return timer;
  }

  cancel(timer) {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }

  cancelAll(tab) {
    this.#timers = this.#timers.filter((timer) => timer.tab !== tab);
  }

  // Lets milliseconds pass, with the timers that are due in their order.
  async pass(milliseconds) {
    await settle();
    const end = this.elapsed + milliseconds;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
      if (!next) break;
      this.cancel(next);
      this.elapsed = Math.max(this.elapsed, next.at);
      next.action();
      await settle();
    }
    this.elapsed = end;
    await settle();
  }

  get waitingTimers() {
    return this.#timers.length;
  }
}

class Tab {
  warnings = [];
  beacons = [];
  session = new FakeStorage();
  observers = [];
  #listeners = new Map();
  #isAway = false;

  constructor(browser, page) {
    this.browser = browser;
    const { now } = browser;
    class FakeDate extends Date {
      constructor(...given) {
        super(...(given.length ? given : [now()]));
      }
      static now = now;
    }
    this.document = {
      hidden: false,
      addEventListener: (name, listener) => this.#listen("document." + name, listener),
    };
    this.navigator = {
      onLine: true,
      sendBeacon: (url, body) =>
        page.beacon === false ? false : this.beacons.push({ url, events: JSON.parse(body) }) > 0,
      locks: page.locks === false ? undefined : { request: (...given) => browser.locks.request(this, ...given) },
      ...page.navigator,
    };
    const tab = this;
    this.window = vm.createContext({
      Date: FakeDate,
      AbortSignal: { timeout: () => null },
      Request: class {
        static {
          if (page.keepalive !== false) this.prototype.keepalive = true;
        }
      },
      IntersectionObserver: class {
        targets = new Set();
        constructor(callback) {
          this.callback = callback;
          tab.observers.push(this);
        }
        observe(target) {
          this.targets.add(target);
          if (target.change) this.callback([{ target, ...target.change }]);
        }
        unobserve = (target) => this.targets.delete(target);
        disconnect = () => this.targets.clear();
      },
      MutationObserver: class {
        constructor(callback) {
          tab.rendered = callback;
        }
        observe() {}
        disconnect() {}
      },
      TextEncoder,
      clearTimeout: (timer) => browser.cancel(timer),
      console: { warn: (text) => this.warnings.push(text) },
      crypto,
      document: page.server ? undefined : this.document,
      fetch: (url, init) => browser.api.fetch(browser, url, init),
      innerHeight: 800,
      localStorage: this.#storage(),
      location: { href: "https://shop.example/" },
      navigator: this.navigator,
      performance: { now: () => browser.elapsed },
      queueMicrotask,
      sessionStorage: page.session ?? this.session,
      setTimeout: (action, delay, ...given) => browser.later(this, action, delay, given),
    });
    this.window.window = { addEventListener: (name, listener) => this.#listen(name, listener) };
    if (page.server) for (const name of Object.keys(this.window)) if (name !== "crypto") delete this.window[name];
    browser.storage.listeners.push((event) => {
      if (browser.removingTab !== this && !this.#isAway) this.#fire("storage", event);
    });
    script.runInContext(this.window);
  }

  createClient = (options) => this.window.Rivulet.createClient(options);

  // The shared storage: what one tab removes, the others notice.
  #storage() {
    const { browser } = this;
    const removeItem = (name) => {
      browser.removingTab = this;
      browser.storage.removeItem(name);
      browser.removingTab = undefined;
    };
    const get = (storage, name) => {
      if (name === "removeItem") return removeItem;
      return typeof storage[name] === "function" ? storage[name].bind(storage) : storage[name];
    };
    return new Proxy(browser.storage, { get });
  }

  #listen(name, listener) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  #fire(name, event = {}) {
    for (const listener of this.#listeners.get(name) ?? []) listener(event);
  }

  async hide() {
    this.document.hidden = true;
    this.#fire("document.visibilitychange");
    await settle();
  }

  async show() {
    this.document.hidden = false;
    this.#fire("document.visibilitychange");
    await settle();
  }

  // The page is left; it may be restored from the back/forward cache, where no other tab reaches it.
  async leave() {
    this.#isAway = true;
    this.#fire("pagehide");
    await this.hide();
  }

  async restore() {
    this.#isAway = false;
    await this.show();
    this.#fire("pageshow", { persisted: true });
    await settle();
  }

  // The process ends: no event, no timer, and the locks are free.
  kill() {
    this.browser.cancelAll(this);
    this.#listeners.clear();
    this.browser.locks.kill(this);
  }

  async setOnline(isOnline) {
    this.navigator.onLine = isOnline;
    if (isOnline) this.#fire("online");
    await settle();
  }
}

// An element of an item: `ratio` of it is in the viewport.
export class ItemElement {
  change;

  constructor(item, { width = 100, height = 100 } = {}) {
    this.item = item;
    this.size = { width, height };
  }

  getAttribute = () => this.item;

  scrollTo(tab, ratio) {
    const { width, height } = this.size;
    this.change = {
      boundingClientRect: { width, height },
      intersectionRatio: ratio,
      intersectionRect: { height: height * ratio },
    };
    for (const observer of tab.observers)
      if (observer.targets.has(this)) observer.callback([{ target: this, ...this.change }]);
  }
}

export const listOf = (elements) => ({
  querySelectorAll: () => elements,
  contains: (element) => elements.includes(element),
});
export const ids = (events) => events.map(({ item_id }) => item_id);
export const total = ({ accepted, refused, suppressed, dropped, stored }) =>
  accepted + refused + suppressed + dropped + stored;
