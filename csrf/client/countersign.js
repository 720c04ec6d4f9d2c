// Adds the CSRF token to what fetch and XMLHttpRequest send to the page's own origin, and to no other.
(() => {
  const header = "X-CSRF-Token", path = "/.countersign/csrf", api = "X-Countersign-Api-Token", safe = /^(GET|HEAD|OPTIONS|TRACE)$/i;
  const fetchPlain = window.fetch.bind(window), { open, send, abort, setRequestHeader } = XMLHttpRequest.prototype;
  const own = (url) => {
    try { url = new URL(url, document.baseURI); } catch { return false; }
    return /^https?:$/.test(url.protocol) && url.origin === location.origin; // blob: URLs have an origin too
  };
  const load = () => fetchPlain(location.origin + path, { mode: "same-origin", cache: "no-store" })
    .then((r) => (r.ok ? r.json() : {})).then((j) => j.csrf_token, () => undefined);
  const refused = async (r) => r.status === 403 && r.headers.get("Content-Type")?.startsWith("application/problem+json") &&
    /^csrf-token-/.test((await r.clone().json().catch(() => ({}))).code);
  let token;
  window.fetch = async (input, init) => {
    const given = input instanceof Request;
    if (safe.test(init?.method ?? (given ? input.method : "GET")) || !own(given ? input.url : input)) return fetchPlain(input, init);
    const once = async () => {
      const value = await (token ??= load());
      if (!value) token = undefined;
      // Mode same-origin: a redirect to another origin would take the header along.
      const request = new Request(given ? input.clone() : input, value ? { ...init, mode: "same-origin" } : init);
      if (value) {
        const theirs = request.headers.get(header); // the page's own, for a check of the API's
        if (theirs && theirs !== value) request.headers.set(api, theirs);
        request.headers.set(header, value);
      }
      return fetchPlain(request);
    };
    const answer = await once();
    if (init?.body instanceof ReadableStream || !(await refused(answer))) return answer;
    token = undefined; // another tab has logged in anew: once more, with its session's token
    return once();
  };
  // An XMLHttpRequest cannot be sent a second time, so each asks for the token of the session as it is now.
  const guarded = new WeakSet(), waiting = new WeakMap(), theirs = new WeakMap();
  Object.assign(XMLHttpRequest.prototype, {
    open(method, url, async = true, ...rest) {
      open.call(this, method, url, async, ...rest);
      waiting.delete(this);
      theirs.delete(this);
      guarded[async && !safe.test(method) && own(url) ? "add" : "delete"](this);
    },
    // A second value would be joined to the first: the page's own waits until it is known which header it goes in.
    setRequestHeader(name, value) {
      if (guarded.has(this) && `${name}`.toLowerCase() === header.toLowerCase()) theirs.set(this, `${value}`);
      else setRequestHeader.call(this, name, value);
    },
    send(body) {
      if (!guarded.delete(this)) return send.call(this, body);
      const turn = {};
      waiting.set(this, turn);
      load().then((value) => {
        if (waiting.get(this) !== turn) return; // aborted or opened anew meanwhile
        waiting.delete(this);
        const given = theirs.get(this);
        if (value && given && given !== value) setRequestHeader.call(this, api, given);
        if (value ?? given) setRequestHeader.call(this, header, value ?? given);
        send.call(this, body);
      });
    },
    abort() {
      const early = waiting.delete(this);
      abort.call(this);
      if (early) ["abort", "loadend"].forEach((name) => this.dispatchEvent(new ProgressEvent(name)));
    },
  });
})();
