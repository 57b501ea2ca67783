/** The API on the shop's own origin; the server in front of it adds the key. */

/** A request without a usable answer: `status` is 0 where there was none. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly requestId?: string,
    /** The parameter or field that broke a rule, and the rule. */
    readonly field?: string,
    readonly rule?: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const TIMEOUT = 10_000;

let base = "/v1";

export const setBase = (address: string): void => {
  base = address.replace(/\/$/, "");
};

export const eventsUrl = (): string => base + "/events";

type Value = string | number | boolean | undefined;

const queryOf = (values: Record<string, Value>): string => {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return query && "?" + query;
};

/** A browser removes these parts of a path, however they are written, so that no address names such an id. */
const DOTS = /\/\.\.?(?=[/?]|$)/;

const request = async <T>(path: string, init: RequestInit): Promise<T> => {
  if (DOTS.test(path)) throw new ApiError(404, "no address names this id");
  let answer: Response;
  try {
    answer = await fetch(base + path, { credentials: "omit", signal: AbortSignal.timeout(TIMEOUT), ...init });
  } catch {
    throw new ApiError(0, "the shop could not be reached");
  }
  const body = await answer.json().catch(() => undefined);
  if (answer.ok && body && typeof body === "object") return body as T;
  const { message = "no answer", field, rule } = body?.error ?? {};
  throw new ApiError(answer.status, message, body?.request_id, field, rule);
};

export const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const MAY_PASS = [0, 429, 503];
const PAUSES = [500, 1500];

/** Reads again, twice at most, what failed for a reason that may pass. */
export const withRetries = async <T>(read: () => Promise<T>): Promise<T> => {
  for (const pause of PAUSES) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ApiError && MAY_PASS.includes(error.status))) throw error;
      await sleep(pause);
    }
  }
  return read();
};

/** Each part of a path is written so that no id can change the path. */
export const pathOf = (...parts: string[]): string => "/" + parts.map(encodeURIComponent).join("/");

export const get = <T>(path: string, query: Record<string, Value> = {}): Promise<T> =>
  request<T>(path + queryOf(query), {});

export const post = <T>(path: string, body: unknown): Promise<T> =>
  request<T>(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
