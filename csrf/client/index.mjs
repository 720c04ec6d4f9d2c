// Adds the CSRF token to requests that change state, for the page's own origin only.
const header = "X-CSRF-Token", path = "/.countersign/csrf", api = "X-Countersign-Api-Token";
let token;
export const forget = () => { token = undefined; };
export const fetchToken = () => (token ??= fetch(location.origin + path, { mode: "same-origin", cache: "no-store" })
  .then((r) => (r.ok ? r.json() : {})).then((j) => j.csrf_token ?? forget(), forget));
export async function csrfFetch(input, init) {
  const given = input instanceof Request, url = new URL(given ? input.url : input, globalThis.document?.baseURI ?? location.href);
  const own = /^https?:$/.test(url.protocol) && url.origin === location.origin; // blob: URLs have an origin too
  if (!own || /^(GET|HEAD|OPTIONS|TRACE)$/i.test(init?.method ?? (given ? input.method : "GET"))) return fetch(input, init);
  const once = async () => {
    const value = await fetchToken();
    // Mode same-origin: a redirect to another origin would take the header along.
    const request = new Request(given ? input.clone() : input, value ? { ...init, mode: "same-origin" } : init);
    if (value) {
      const theirs = request.headers.get(header); // the page's own, for a check of the API's
      if (theirs && theirs !== value) request.headers.set(api, theirs);
      request.headers.set(header, value);
    }
    return fetch(request);
  };
  const answer = await once();
  if (answer.status !== 403 || init?.body instanceof ReadableStream || !answer.headers.get("Content-Type")?.startsWith("application/problem+json")) return answer;
  if (!/^csrf-token-/.test((await answer.clone().json().catch(() => ({}))).code)) return answer;
  forget(); // another tab has logged in anew: once more, with its session's token
  return once();
}
