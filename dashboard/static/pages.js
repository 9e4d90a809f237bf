// Keeps an open page as the mission is. Without it every page is complete, and stands still.
"use strict";
(() => {
  const root = document.documentElement;
  const events = root.dataset.live;
  const own = root.dataset.mission || "";
  const stale = document.getElementById("stale");
  const revisions = new Map();
  let shown = root.dataset.revision; // what the page was made of
  let tag = "";
  let fetching = false;
  let again = false;
  let lostAt = null;

  // ---- how long ago -------------------------------------------------------------------------
  const age = (seconds) => {
    for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
      if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
    }
    return `${Math.floor(seconds)} s`;
  };
  const told = (element) => {
    const seconds = (Date.now() - Date.parse(element.dateTime)) / 1000;
    const length = age(Math.abs(seconds));
    if (element.dataset.form === "for") return length;
    if (Math.abs(seconds) < 10) return "now";
    return seconds < 0 ? `in ${length}` : `${length} ago`;
  };
  const tell = () => {
    for (const element of document.querySelectorAll("time")) {
      const text = told(element);
      if (element.textContent !== text) element.textContent = text;
    }
  };

  // ---- a page becomes its next version, without what a person holds being lost ---------------
  const keyOf = (node) => (node.nodeType === 1 && node.id ? node.id : null);
  const alike = (a, b) =>
    a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
  const takeAttributes = (from, to) => {
    for (const { name, value } of to.attributes) {
      if (name === "open" && from.nodeName === "DETAILS") continue; // the person's
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    for (const { name } of [...from.attributes]) {
      if (name === "open" && from.nodeName === "DETAILS") continue;
      if (!to.hasAttribute(name)) from.removeAttribute(name);
    }
  };
  const morph = (from, to) => {
    if (from.nodeType !== 1) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    takeAttributes(from, to);
    if (from.nodeName === "TEXTAREA" || from.nodeName === "TIME") return; // told by `tell`
    const log = from.classList.contains("log") && from.scrollTop + from.clientHeight >= from.scrollHeight - 4;
    const ids = new Map();
    for (const child of from.childNodes) if (keyOf(child)) ids.set(keyOf(child), child);
    let next = from.firstChild;
    for (const wanted of [...to.childNodes]) {
      const key = keyOf(wanted);
      const mine = key && ids.get(key);
      if (mine && alike(mine, wanted)) {
        if (mine !== next) from.insertBefore(mine, next);
        else next = next.nextSibling;
        morph(mine, wanted);
      } else if (next && !key && alike(next, wanted)) {
        const here = next;
        next = next.nextSibling;
        morph(here, wanted);
      } else {
        from.insertBefore(document.importNode(wanted, true), next);
      }
    }
    while (next) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
    if (log) from.scrollTop = from.scrollHeight;
  };

  const wanted = () => (own ? revisions.get(own) : [...revisions.values()].join(" "));
  const look = () => {
    const now = wanted();
    if (now && now !== shown) refresh();
  };
  const refresh = async () => {
    if (document.hidden) return; // it looks when somebody looks at it
    if (fetching) {
      again = true;
      return;
    }
    fetching = true;
    try {
      const answer = await fetch(location.pathname + location.search, {
        headers: tag ? { "If-None-Match": tag } : {},
        cache: "no-store",
        credentials: "same-origin",
      });
      if (answer.status === 401) {
        say("Closed: open the address that `mission dashboard` printed");
      } else if (answer.status !== 304) {
        tag = answer.ok ? answer.headers.get("ETag") || "" : "";
        if ((answer.headers.get("Content-Type") || "").startsWith("text/html")) {
          const made = new DOMParser().parseFromString(await answer.text(), "text/html");
          shown = made.documentElement.dataset.revision;
          if (document.title !== made.title) document.title = made.title;
          for (const part of ["header", "main", "footer"]) {
            const mine = document.querySelector(`body > ${part}`);
            const next = made.querySelector(`body > ${part}`);
            if (mine && next) morph(mine, next);
          }
          tell();
        }
      } else {
        shown = wanted() || shown;
      }
    } catch {
      // Not to be had now: the stream has ended as well, and says so.
    } finally {
      setTimeout(() => {
        fetching = false;
        if (again) {
          again = false;
          look();
        }
      }, 1000); // one look a second is as much as a person sees
    }
  };

  // ---- one stream for all tabs ----------------------------------------------------------------
  const say = (text) => {
    stale.hidden = !text;
    if (stale.textContent !== text) stale.textContent = text;
  };
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("mission-dashboard") : null;
  const heard = (message) => {
    if ("lost" in message) {
      lostAt = message.lost;
      say(lostAt ? `Stale since ${new Date(lostAt).toLocaleTimeString()}: nobody answers` : "");
    }
    if (message.all) {
      for (const [key, word] of Object.entries(message.all)) revisions.set(key, word);
      look();
    }
  };
  const tellAll = (message) => {
    heard(message);
    if (channel) channel.postMessage(message);
  };
  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data.ask) {
        if (source) channel.postMessage({ all: Object.fromEntries(revisions), lost: lostAt });
      } else {
        heard(data);
      }
    };
  }

  let source = null;
  let losing = null;
  let letGo = null;
  const listen = () => {
    source = new EventSource(events);
    source.addEventListener("revision", ({ data }) => {
      tellAll({ all: Object.fromEntries(data.split("\n").map((line) => line.split(" "))) });
    });
    source.onopen = () => {
      clearTimeout(losing);
      losing = null;
      tellAll({ lost: null });
    };
    source.onerror = () => {
      // The server ends each stream after a while; it is missed when no other one begins.
      const since = Date.now();
      if (losing === null) losing = setTimeout(() => tellAll({ lost: since }), 2500);
      if (source.readyState === EventSource.CLOSED) setTimeout(() => source && (source.close(), listen()), 3000);
    };
  };
  const unlisten = () => {
    clearTimeout(losing);
    losing = null;
    if (source) source.close();
    source = null;
  };

  let waiting = null; // ends the wait for the lock
  const lead = () => {
    if (!navigator.locks) {
      if (!source) listen();
      return;
    }
    if (waiting || source) return;
    waiting = new AbortController();
    navigator.locks
      .request("mission-dashboard-stream", { signal: waiting.signal }, () => {
        waiting = null;
        if (document.hidden) return null;
        listen();
        return new Promise((resolve) => (letGo = resolve));
      })
      .catch(() => {});
  };
  const rest = () => {
    if (waiting) waiting.abort();
    waiting = null;
    unlisten();
    if (letGo) letGo();
    letGo = null;
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      rest();
    } else {
      lead();
      if (channel) channel.postMessage({ ask: true });
      refresh();
      tell();
    }
  });
  addEventListener("pagehide", rest);
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && !document.hidden) {
      lead();
      refresh();
    }
  });
  setInterval(() => document.hidden || tell(), 10000);
  tell();
  const log = document.querySelector(".log");
  if (log) log.scrollTop = log.scrollHeight;
  if (events && !document.hidden) {
    lead();
    if (channel) channel.postMessage({ ask: true });
  }
})();
