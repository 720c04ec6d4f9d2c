// Adds the CSRF token to what fetch and XMLHttpRequest send to the page's own origin, and to no other.
(() => {
  const safe = /^(GET|HEAD|OPTIONS)$/i, plain = window.fetch.bind(window), proto = XMLHttpRequest.prototype;
  const own = (url) => new URL(url, document.baseURI).origin === location.origin;
  let token;
  const get = () => (token ??= plain("/.countersign/csrf", { credentials: "same-origin" })
    .then((r) => (r.ok ? r.json() : {})).then((j) => j.csrf_token ?? (token = undefined), () => (token = undefined)));
  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!own(request.url) || safe.test(request.method)) return plain(request);
    const send = async () => { const t = await get(), r = request.clone(); if (t) r.headers.set("X-CSRF-Token", t); return plain(r); };
    const answer = await send();
    if (answer.status !== 403) return answer;
    token = undefined; // the session may have changed in another tab: once more with its token
    return send();
  };
  const open = proto.open, send = proto.send;
  proto.open = function (method, url, async = true, ...rest) {
    this.countersign = async && own(url) && !safe.test(method);
    return open.call(this, method, url, async, ...rest);
  };
  proto.send = function (body) {
    if (!this.countersign) return send.call(this, body);
    get().then((t) => { if (t) this.setRequestHeader("X-CSRF-Token", t); send.call(this, body); });
  };
})();
