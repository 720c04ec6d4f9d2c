/** The CSRF token of the session in use, fetched once and kept; undefined without a session. */
export function fetchToken(): Promise<string | undefined>;
/** Makes the next request fetch the token anew, as after a login or logout. */
export function forget(): void;
/**
 * fetch() that adds the CSRF token to requests that change state at the page's own origin, and to no others.
 * A request that bears the token follows no redirect to another origin. Where the token was refused, because
 * another tab has begun a new session, the request is sent once more with the new one; not so a ReadableStream.
 */
export function csrfFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
