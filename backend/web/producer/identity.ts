/** The visitor, the session and the clock, which the tabs of a browser share. */

import { IDLE, LARGEST_SKEW, SESSION_LIFE, TOLERATED_SKEW, VISITOR_LIFE } from "./limits.js";
import { PREFIX, randomId, readJson, writeJson } from "./page.js";

const NAME = PREFIX + "ids";

/** Times are of the browser's clock, uncorrected: they are compared with one another only. */
interface Ids {
  visitor: string;
  since: number;
  session: string;
  began: number;
  active: number;
  /** Milliseconds that the browser's clock is behind the API's. */
  offset: number;
}

export const createIdentity = (storage: () => Storage | undefined) => {
  let ids: Partial<Ids> = {};

  const load = (): Partial<Ids> => (ids = { ...(readJson(storage(), NAME) ?? ids) });
  const save = (): true | void => writeJson(storage(), NAME, ids);

  return {
    /** Returns the visitor and the session of an event that happens now. */
    current(): { visitor_id: string; session_id: string } {
      const now = Date.now();
      load();
      // A clock that was ahead does not prolong the visitor's life.
      ids.since = Math.min(ids.since!, now);
      if (!(now - ids.since! < VISITOR_LIFE)) {
        ids.visitor = randomId();
        ids.since = now;
      }
      if (!(now - ids.active! < IDLE && now - ids.began! < SESSION_LIFE)) {
        ids.session = randomId();
        ids.began = now;
      }
      ids.active = now;
      save();
      return { visitor_id: ids.visitor!, session_id: ids.session! };
    },

    /** Starts a new visitor and a new session with the next event. */
    renew(): void {
      ids = { offset: load().offset };
      save();
    },

    offset: (): number => +load().offset! || 0,

    /** Returns whether the storage has them: consent that is withdrawn in another tab removes them. */
    isStored: (): unknown => readJson(storage(), NAME),

    /** Learns the API's time, which an answer stated halfway between two instants of the browser's clock. */
    compare(serverTime: string, sent: number, received: number): void {
      const offset = Math.round(Date.parse(serverTime) - (sent + received) / 2);
      if (!(Math.abs(offset) < LARGEST_SKEW)) return;
      // A slow request may have waited on either way, so that its middle is uncertain by half its duration.
      load().offset = Math.abs(offset) > TOLERATED_SKEW + (received - sent) / 2 ? offset : 0;
      save();
    },
  };
};

export type Identity = ReturnType<typeof createIdentity>;
