/** What can go wrong: the server's problem object (RFC 9457), or one of the client's own codes. */
export class ProblemError extends Error {
  /** @param {Record<string, any>} problem */
  constructor(problem) {
    super(problem.detail || problem.title || problem.code || "The request failed.");
    this.name = "ProblemError";
    /** Stable: the server's code, or `unreachable` (no answer: it may or may not have happened), or `signed_out`. */
    this.code = problem.code ?? "";
    this.status = problem.status ?? 0;
    /** `never`, `after` (wait, then repeat) or `reauth` (get a new token, then repeat). */
    this.retry = problem.retry ?? "never";
    this.retryAfterMs = problem.retry_after_ms;
    /** For invalid input: `[{field, code, message}]`. */
    this.errors = problem.errors ?? [];
    this.requestId = problem.request_id;
    /** The whole object, with members like `attempts_left`. */
    this.problem = problem;
  }
}

/** No answer came. @param {string} detail */
export const unreachable = (detail) => new ProblemError({ code: "unreachable", retry: "after", detail });

/** There is no session any more. */
export const signedOut = () =>
  new ProblemError({ code: "signed_out", status: 401, retry: "never", detail: "Log in first." });
