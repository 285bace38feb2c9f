/*
 * Tracks page views and clicks of a site, and whatever the site tells it, to the collector of the clickstream lake.
 *
 *   <script src="/clickstream.min.js" data-url="https://collect.example.com/v1/events" data-app="shop"></script>
 *   <script>
 *     clickstream.consent(true); // the visitor agreed; false takes everything back
 *     clickstream.track("add_to_cart", { product_id: "p-7", quantity: 1 });
 *     clickstream.identify("u-42");
 *   </script>
 *
 * Without consent no id is made, stored or sent, and nothing is kept on the device. A browser that says "do not track"
 * or "do not sell" (Sec-GPC) gives no consent, whatever the page says. Consent is remembered by the ids that it allows.
 *
 * Every event has an id and is sent until the collector has taken it, also from the next page or visit; what is sent
 * twice is one event in the lake. What waits when a page closes is handed to the browser, which sends it by itself.
 */
(function () {
  "use strict";

  const SESSION_MS = 30 * 60 * 1000; // a pause this long ends a session
  const LINGER_MS = 500; // an event waits so long for company
  const LONGEST_PAUSE_MS = 5 * 60 * 1000;
  const MAX_WAITING = 500; // events for a collector that is away; the oldest go first
  const MAX_CHARACTERS = 20000; // of a request: browsers send 64 KiB while a page closes, a character has up to 3 bytes
  const PREFIX = "clickstream."; // of everything in the storage
  const EVENT = PREFIX + "event.";

  const { url, app, consent: given } = document.currentScript.dataset;
  const gpc = navigator.globalPrivacyControl || undefined;
  const dnt = navigator.doNotTrack === "1" || undefined;

  const waiting = new Map(); // id of an event -> its JSON
  const memory = {}; // stands in for a storage that the browser denies
  let flying = []; // ids under way
  let isGranted = false;
  let userId, viewed, referrer, timer, dueAt = Infinity;
  let failures = 0;

  // ------------------------------------------------------------------ storage of this site, with consent only
  const read = (key) => {
    try {
      return localStorage.getItem(key) ?? memory[key];
    } catch {
      return memory[key];
    }
  };
  const write = (key, value) => {
    try {
      localStorage.setItem(key, value);
    } catch {
      memory[key] = value; // full or denied: it lives as long as this page
    }
  };
  const remove = (key) => {
    delete memory[key];
    try {
      localStorage.removeItem(key);
    } catch {
      // There is nothing to remove.
    }
  };
  const stored = (prefix) => {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    } catch {
      return [];
    }
  };

  const newId = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join("");

  const visitor = (now) => {
    const anonymous = read(PREFIX + "visitor") || newId();
    let [session, seenAt] = (read(PREFIX + "session") || "").split(" ");
    if (!session || now - seenAt >= SESSION_MS) session = newId();
    write(PREFIX + "visitor", anonymous);
    write(PREFIX + "session", session + " " + now);
    return { consent: true, anonymous_id: anonymous, session_id: session, user_id: userId };
  };
  const nobody = { consent: false, anonymous_id: undefined, session_id: undefined, user_id: undefined };

  // ------------------------------------------------------------------ what the page may call
  const track = (type, fields) => {
    const now = Date.now();
    const event = {
      event_type: type,
      event_id: newId(),
      timestamp: new Date(now).toISOString(),
      app_id: app,
      page_url: location.href,
      page_title: document.title,
      referrer,
      ...fields,
      ...(isGranted ? visitor(now) : nobody),
      gpc,
      dnt,
    };
    const line = JSON.stringify(event);
    if (line.length > MAX_CHARACTERS) return console.error("clickstream: an event is too large, it is not sent");
    if (waiting.size >= MAX_WAITING) done([waiting.keys().next().value]);
    waiting.set(event.event_id, line);
    if (isGranted) write(EVENT + event.event_id, line);
    if (!failures || dueAt === Infinity) sendIn(LINGER_MS);
  };

  const consent = (isYes) => {
    const wasGranted = isGranted;
    isGranted = !!isYes && !gpc && !dnt;
    if (isGranted) return;
    if (wasGranted) waiting.clear();
    userId = undefined;
    stored(PREFIX).concat(Object.keys(memory)).forEach(remove);
  };

  const identify = (id) => {
    userId = id;
  };

  // ------------------------------------------------------------------ sending
  const done = (ids) =>
    ids.forEach((id) => {
      waiting.delete(id);
      remove(EVENT + id);
    });

  const batch = () => {
    const ids = [];
    const end = ',"sent_at":"' + new Date().toISOString() + '"}\n';
    let text = "";
    for (const [id, line] of waiting) {
      if (flying.includes(id)) continue;
      if (text && text.length + line.length > MAX_CHARACTERS) break;
      ids.push(id);
      text += line.slice(0, -1) + end;
    }
    return [ids, text];
  };

  const sendIn = (ms) => {
    if (Date.now() + ms >= dueAt) return;
    clearTimeout(timer);
    dueAt = Date.now() + ms;
    timer = setTimeout(send, ms);
  };

  const send = async () => {
    dueAt = Infinity;
    if (flying.length || !waiting.size) return;
    const [ids, body] = batch();
    let pause = 0;
    flying = ids;
    try {
      // Text needs no preflight request; without it a browser asks before every batch.
      const answer = await fetch(url, { method: "POST", body, keepalive: true, credentials: "omit" });
      // What can never be taken is not sent again: it is no JSON, or too long.
      if (answer.ok || answer.status === 400 || answer.status === 413) {
        done(ids);
        failures = 0;
      } else {
        pause = answer.headers.get("retry-after") * 1000 || 0;
        failures++;
      }
    } catch {
      failures++;
    }
    flying = [];
    if (failures) pause = Math.max(pause, Math.min(1000 * 2 ** (failures - 1), LONGEST_PAUSE_MS) * (0.75 + Math.random() / 4));
    if (waiting.size) sendIn(pause);
  };

  const leave = () => {
    // What a collector that is away did not take yet is kept for the next page, if it may be kept.
    if (isGranted && (failures || !navigator.onLine)) return;
    for (;;) {
      const [ids, text] = batch();
      if (!text || !navigator.sendBeacon(url, text)) return;
      done(ids);
    }
  };

  // ------------------------------------------------------------------ what the visitor does
  const view = () => {
    const address = location.href.split("#")[0];
    if (address === viewed) return;
    referrer = viewed || document.referrer;
    viewed = address;
    track("page_view");
  };

  const clicked = ({ target }) => {
    const element = target.closest?.("a,button,[data-track]");
    if (!element) return;
    const name = element.dataset.track || element.id || element.textContent.trim().slice(0, 64);
    track("click", { properties: { element: name, href: element.href } });
  };

  const start = () => {
    view();
    const push = history.pushState;
    history.pushState = function (...words) {
      push.apply(this, words);
      setTimeout(view); // the page sets its title first
    };
    addEventListener("popstate", () => setTimeout(view));
    addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      viewed = undefined; // back from the cache of pages: seen once more
      view();
    });
    document.addEventListener("click", clicked, true);
  };

  if (!url) return console.error('clickstream: data-url="https://…/v1/events" is missing at the script, nothing is sent');
  consent(given === "granted" || read(PREFIX + "visitor"));
  if (isGranted) stored(EVENT).forEach((key) => waiting.set(key.slice(EVENT.length), read(key)));
  // Taken back on another page of the site: taken back here.
  addEventListener("storage", ({ key, newValue }) => key === PREFIX + "visitor" && !newValue && consent(false));
  addEventListener("online", () => {
    failures = 0;
    sendIn(0);
  });
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave());
  window.clickstream = { track, consent, identify };
  if (document.prerendering) document.addEventListener("prerenderingchange", start, { once: true });
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start, { once: true });
  else start();
})();
