// The dock display: what the agent says becomes visible and audible here. It
// decides nothing. Text from barcodes arrives as HTML that the agent escaped.
"use strict";

const body = document.body;
const at = (id) => document.getElementById(id);
const station = body.dataset.station;

// ---- the verdict ----

// standing is the STOP that nobody has cleared yet: {key, short}, or null.
let standing = null;
let idleTimer = 0;
const clearedName = "cleared:" + station;

function show(e) {
  body.dataset.after = e.key;
  at("foot").innerHTML = e.chips;
  if (e.look === "stop" && e.replay && localStorage.getItem(clearedName) === e.key) return idle();
  at("scan").innerHTML = e.html;
  at("scan").classList.remove("arrive");
  void at("scan").offsetWidth; // so that the animation starts anew
  at("scan").classList.toggle("arrive", !e.replay);
  body.dataset.look = e.look;
  arrange();
  at("say").textContent = e.say;
  settle(e);
}

// settle brings STOP, idle and sound into line with the newest verdict.
function settle(e) {
  clearTimeout(idleTimer);
  if (e.stands) standing = stopOf(document.querySelector(".scan"));
  else if (e.look !== "check") standing = null; // a good scan clears
  const over = standing && !e.stands;
  at("standing").hidden = !over;
  at("standing").textContent = over ? "STOP not cleared (press Esc): " + standing.short : "";
  shrink(at("standing"));
  if (!e.stands && e.look !== "check") idleTimer = setTimeout(idle, Number(body.dataset.idle));
  if (e.stands || !e.replay) play(e.tone);
  razz();
}

function stopOf(scan) {
  return { key: scan.dataset.key, short: scan.dataset.short };
}

function idle() {
  body.dataset.look = "idle";
}

// clear is a person's word that the STOP was seen. Enter never does it: a
// scanner that types like a keyboard ends every scan with Enter.
function clear() {
  if (!standing) return;
  localStorage.setItem(clearedName, standing.key);
  standing = null;
  at("standing").hidden = true;
  at("say").textContent = "Cleared";
  if (body.dataset.look === "stop") idle();
  razz();
}

document.addEventListener("keydown", (e) => {
  unlock();
  if (e.key === "Escape") clear();
  if (e.key === "Enter" || e.key === " ") e.preventDefault();
});
document.addEventListener("click", (e) => {
  unlock();
  // A click made by the keyboard has no detail.
  if (e.detail > 0 && e.target.closest("#clear")) clear();
});

// ---- sound: two tones together around 2 kHz carry over a dock ----

const tones = {
  allocated: [[0, 0.12, 2000], [0.14, 0.16, 2500]],
  complete: [[0, 0.12, 2000], [0.14, 0.12, 2500], [0.28, 0.28, 3100]],
  stock: [[0, 0.18, 2100]],
  hold: [[0, 0.9, 1600]],
  check: [[0, 0.18, 2000], [0.3, 0.18, 2000]],
  stop: [[0, 0.45, 170]],
};
let audio = null;
let razzTimer = 0;

function play(name) {
  body.dataset.tone = name;
  body.dataset.tones = Number(body.dataset.tones || 0) + 1;
  if (!audio) audio = new AudioContext();
  if (audio.state === "suspended") audio.resume();
  hearing();
  for (const [start, length, pitch] of tones[name]) tone(start, length, pitch, name === "stop");
}

function tone(start, length, pitch, rough) {
  const from = audio.currentTime + 0.01 + start;
  const gain = audio.createGain();
  gain.connect(audio.destination);
  gain.gain.setValueAtTime(0, from);
  gain.gain.linearRampToValueAtTime(0.4, from + 0.008);
  gain.gain.setValueAtTime(0.4, from + length - 0.02);
  gain.gain.linearRampToValueAtTime(0, from + length);
  for (const f of [pitch, pitch * 1.26]) {
    const o = audio.createOscillator();
    o.type = rough ? "sawtooth" : "sine";
    o.frequency.value = f;
    o.connect(gain);
    o.start(from);
    o.stop(from + length);
  }
}

// razz repeats while a STOP stands, or the agent does not answer.
function razz() {
  clearInterval(razzTimer);
  if (standing || lostSince) razzTimer = setInterval(() => play("stop"), 1500);
}

function unlock() {
  if (!audio) audio = new AudioContext();
  audio.resume().then(hearing);
}

// hearing shows whether this browser lets the page be heard.
function hearing() {
  const heard = audio !== null && audio.state === "running";
  if (at("muted").hidden === heard) return;
  at("muted").hidden = heard;
  arrange(); // the notice takes room from the verdict
}

// ---- letters as large as their place allows ----

const ruler = document.createElement("canvas").getContext("2d");

function arrange() {
  for (const q of document.querySelectorAll(".qty")) q.dataset.digits = q.textContent.length;
  for (const n of document.querySelectorAll(".note")) n.hidden = false;
  for (const n of document.querySelectorAll(".note")) n.hidden = cut(n); // better no number than a part of one
  for (const p of document.querySelectorAll("[data-fit]")) fit(p);
  modest();
  for (const p of document.querySelectorAll("[data-shrink]")) shrink(p);
}

// modest writes "+18 more" smaller than any door.
function modest() {
  const size = (p) => parseFloat(p.style.fontSize);
  const doors = [...document.querySelectorAll(".head:not(.rest) .place")].map(size);
  for (const p of document.querySelectorAll(".rest .place")) p.style.fontSize = Math.min(size(p), 0.45 * Math.min(...doors)) + "px";
}

function cut(p) {
  return p.scrollWidth > p.clientWidth + 1 || p.scrollHeight > p.clientHeight + 1;
}

// shrink writes a text smaller, down to half its size, until all of it shows.
function shrink(p) {
  p.style.fontSize = "";
  const whole = parseFloat(getComputedStyle(p).fontSize);
  for (let size = whole; cut(p) && size > whole / 2; size *= 0.95) p.style.fontSize = size + "px";
}

// fit writes a destination in one to three lines, whichever lets it be largest.
function fit(p) {
  const text = p.dataset.text || (p.dataset.text = p.textContent);
  const font = getComputedStyle(p);
  ruler.font = font.fontWeight + " 100px " + font.fontFamily;
  const width = p.clientWidth * 0.985, height = p.clientHeight;
  let best = { size: 0, lines: [text] };
  for (const lines of layouts(text)) {
    const widest = Math.max(...lines.map((l) => ruler.measureText(l).width)) / 100;
    const size = Math.min(width / widest, height / lines.length);
    if (size > best.size * (lines.torn ? 1.5 : 1.05)) best = { size, lines };
  }
  p.replaceChildren(...best.lines.map((l) => Object.assign(document.createElement("span"), { textContent: l })));
  p.style.fontSize = Math.floor(best.size) + "px";
}

// wholeLetters is the longest word that is never torn: a place such as A-12-03 is
// one name, and its parts below each other are not.
const wholeLetters = 10;

// layouts are the ways to break a text into at most three lines: between words,
// or, torn, in a long word after a hyphen or slash or in equal parts.
function layouts(text) {
  const words = text.split(/\s+/), parts = words.flatMap(pieces);
  const out = [[text], ...breaks(words, " ")];
  if (parts.length > words.length) out.push(...breaks(parts, "").map(torn));
  const letters = [...text];
  for (const n of words.some((w) => [...w].length > 12) ? [2, 3] : []) {
    const step = Math.ceil(letters.length / n);
    out.push(torn(Array.from({ length: n }, (_, i) => letters.slice(i * step, (i + 1) * step).join(""))));
  }
  return out;
}

// pieces are where a word may be torn, each with what stands between it and the
// next one.
function pieces(word) {
  const all = [...word].length > wholeLetters && word.match(/[^\-\/]+[\-\/]?|[\-\/]+/g) || [word];
  return [...all.slice(0, -1), all[all.length - 1] + " "];
}

function torn(lines) {
  return Object.assign(lines, { torn: true });
}

// breaks joins the parts again into two or three lines, in every way.
function breaks(parts, glue) {
  const out = [], join = (i, j) => parts.slice(i, j).join(glue).trim();
  for (let i = 1; i < parts.length; i++) {
    out.push([join(0, i), join(i)]);
    for (let j = i + 1; j < parts.length; j++) out.push([join(0, i), join(i, j), join(j)]);
  }
  return out;
}

new ResizeObserver(arrange).observe(at("scan"));

// ---- the clock ----

function tick() {
  const now = new Date();
  const two = (n) => String(n).padStart(2, "0");
  at("bigclock").textContent = two(now.getHours()) + ":" + two(now.getMinutes());
  at("clock").textContent = at("bigclock").textContent;
  if (lostSince) at("lost").querySelector(".since").textContent = "For " + Math.round((now - lostSince) / 1000) + " s. This page comes back by itself.";
}

// ---- the agent: silence is said loudly ----

const patience = 8000; // four beats
let heard = Date.now();
let lostSince = null;
let source = null;
let asked = 0;

function connect() {
  if (source) source.close();
  asked = Date.now();
  const after = body.dataset.after || "";
  source = new EventSource("/events?station=" + encodeURIComponent(station) + "&after=" + encodeURIComponent(after));
  source.addEventListener("scan", (m) => { answered(); show(JSON.parse(m.data)); });
  source.addEventListener("strip", (m) => { answered(); around(JSON.parse(m.data)); });
  const mine = source;
  source.onerror = () => setTimeout(() => { if (mine === source && mine.readyState === EventSource.CLOSED) connect(); }, 1000);
}

function around(e) {
  if (e.version !== body.dataset.version) return location.reload(); // the agent was upgraded
  if (at("strip").innerHTML !== e.html) at("strip").innerHTML = e.html;
  at("facts").innerHTML = e.idle;
  for (const p of document.querySelectorAll(".trouble")) shrink(p);
  at("ready").textContent = e.ready;
  at("ready").classList.toggle("closed", e.closed);
}

function answered() {
  heard = Date.now();
  if (!lostSince) return;
  lostSince = null;
  at("lost").hidden = true;
  razz();
}

function watch() {
  tick();
  const silent = Date.now() - heard > (source.readyState === EventSource.OPEN ? patience : 3000);
  if (!silent) return;
  if (Date.now() - asked > patience) connect(); // a line that hangs does not end by itself
  if (lostSince) return;
  lostSince = heard;
  at("lost").hidden = false;
  play("stop");
  razz();
}

// ---- begin ----

const first = document.querySelector(".scan");
if (first && first.classList.contains("stop")) {
  if (localStorage.getItem(clearedName) === first.dataset.key) idle();
  else {
    standing = stopOf(first);
    razz();
  }
}
if (first && !first.matches(".stop, .check")) idleTimer = setTimeout(idle, Number(body.dataset.idle));
audio = new AudioContext();
audio.onstatechange = hearing;
setTimeout(hearing, 500);
arrange();
connect();
tick();
setInterval(watch, 500);
