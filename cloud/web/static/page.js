// Keeps the page live: the server sends the parts that changed as HTML; this
// puts them in place. Without it the page reads the same after a reload.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const link = $("link"), rows = $("owed-rows"), form = $("filter"), live = $("live"), pause = $("pause");
  const RELOAD_MS = 1000; // the table is fetched at most this often
  const say = (state, text) => { link.dataset.state = state; link.textContent = text; };

  // Parts.
  let held = null; // the newest live part while paused
  function put(name, html) {
    const part = document.querySelector(`[data-part="${name}"]`);
    if (!part) return;
    if (name === "live" && pause.getAttribute("aria-pressed") === "true") { held = html; countHeld(); return; }
    const before = name === "live" ? keys(part) : null;
    const open = part.querySelector("details")?.open;
    part.innerHTML = html;
    if (open) part.querySelector("details").open = true;
    if (before && before.size) for (const li of part.querySelectorAll("[data-key]")) if (!before.has(li.dataset.key)) li.classList.add("new");
  }
  const keys = (part) => new Set([...part.querySelectorAll("[data-key]")].map((li) => li.dataset.key));
  function countHeld() {
    const seen = keys(live), box = document.createElement("template");
    box.innerHTML = held;
    const n = [...box.content.querySelectorAll("[data-key]")].filter((li) => !seen.has(li.dataset.key)).length;
    pause.textContent = n ? `Go on (${n} new)` : "Go on";
  }
  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", () => {
      const on = pause.getAttribute("aria-pressed") !== "true";
      pause.setAttribute("aria-pressed", on);
      pause.textContent = on ? "Go on" : "Pause";
      if (!on && held !== null) { const html = held; held = null; put("live", html); }
    });
  }

  // The table, for the search that stands in the address.
  let fetching = null, again = 0;
  async function load(url) {
    fetching?.abort();
    const mine = fetching = new AbortController();
    try {
      const answer = await fetch(url, { headers: { "Dockfill-Part": "owed" }, signal: mine.signal });
      if (!answer.ok) throw new Error(answer.statusText);
      const html = await answer.text(), focused = document.activeElement?.closest?.("#owed-rows a");
      const label = focused?.textContent;
      rows.innerHTML = html;
      if (label) [...rows.querySelectorAll("a")].find((a) => a.textContent.replace(/[^a-z]/gi, "") === label.replace(/[^a-z]/gi, ""))?.focus();
    } catch (err) {
      if (err.name !== "AbortError") $("count").textContent = "The list could not be read; it is shown as it was. Trying again with the next change.";
    } finally { if (fetching === mine) fetching = null; }
  }
  const refresh = () => { if (rows && !again) again = setTimeout(() => { again = 0; if (!fetching) load(location.href); else refresh(); }, RELOAD_MS); };
  function go(url) { history.pushState(null, "", url); load(url); }
  if (form) {
    let typing = 0;
    const search = (push) => {
      const query = new URLSearchParams();
      for (const [name, value] of new FormData(form)) if (value) query.set(name, value);
      const url = "/" + (query.size ? "?" + query : "");
      $("clear").hidden = !query.get("q") && !query.get("site") && !query.get("promise");
      if (push) go(url); else { history.replaceState(null, "", url); load(url); }
    };
    form.addEventListener("submit", (e) => { e.preventDefault(); clearTimeout(typing); search(true); });
    form.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(search, 250); });
    rows.addEventListener("click", (e) => {
      const a = e.target.closest("a");
      if (!a || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
      e.preventDefault();
      const to = new URL(a.href), keep = { sort: to.searchParams.get("sort"), dir: to.searchParams.get("dir") };
      for (const [name, value] of Object.entries(keep)) { // the next search keeps the order of rows
        form.querySelector(`[name="${name}"]`)?.remove();
        if (value) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
      }
      go(a.href);
    });
    addEventListener("popstate", () => location.reload());
  }

  // The stream.
  const stream = new EventSource("/live");
  let heard = 0, lost = 0;
  stream.addEventListener("open", () => { if (lost) refresh(); lost = 0; say("live", "Live"); });
  stream.addEventListener("parts", (e) => {
    heard = Date.now();
    const news = JSON.parse(e.data);
    $("asof").textContent = news.clock;
    $("asof").dateTime = news.at;
    say("live", "Live");
    if (news.filled && !rows) { location.reload(); return; } // the first data replaced the empty page
    for (const [name, html] of Object.entries(news.parts ?? {})) put(name, html);
    if (news.lines) refresh();
  });
  stream.addEventListener("trouble", (e) => say("lost", e.data));
  stream.addEventListener("error", () => {
    lost ||= Date.now();
    say("lost", `No connection; figures as of ${$("asof").textContent} UTC. Trying again`);
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 15000);
  });
  // A connection can die without a word; the server speaks at least every 15 s.
  setInterval(() => { if (heard && Date.now() - heard > 40000) say("lost", `Nothing heard since ${$("asof").textContent} UTC. Trying again`); }, 5000);
  addEventListener("pagehide", () => stream.close());
})();
