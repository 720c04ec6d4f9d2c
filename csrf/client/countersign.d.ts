/** The CSRF token of the session in use, fetched once; undefined without a session. */
export function fetchToken(): Promise<string | undefined>;
/** Makes the next request fetch the token anew, as after a login. */
export function forget(): void;
/** fetch() that adds the CSRF token to requests that change state at the page's own origin. */
export function csrfFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
