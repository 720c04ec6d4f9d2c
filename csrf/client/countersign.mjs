// Adds the CSRF token to requests that change state, for the page's own origin only.
let token;
export const fetchToken = () => (token ??= fetch("/.countersign/csrf", { credentials: "same-origin" })
  .then((r) => (r.ok ? r.json() : {})).then((j) => j.csrf_token ?? (token = undefined), () => (token = undefined)));
export const forget = () => { token = undefined; };
export async function csrfFetch(input, init) {
  const request = new Request(input, init);
  const own = new URL(request.url).origin === location.origin;
  if (!own || /^(GET|HEAD|OPTIONS)$/.test(request.method)) return fetch(request);
  const send = async () => { const t = await fetchToken(), r = request.clone(); if (t) r.headers.set("X-CSRF-Token", t); return fetch(r); };
  const answer = await send();
  if (answer.status !== 403) return answer;
  forget(); // the session may have changed in another tab: once more with its token
  return send();
}
