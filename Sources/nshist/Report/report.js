// The script of a report: draws the timeline on a canvas, and says for the moment of the cursor who was with whom.
// It reads the data of the page and nothing else. All text reaches the page as text (textContent), never as HTML.
"use strict";
(() => {
  const source = document.getElementById("data");
  const stage = document.getElementById("stage");
  if (!source) return;
  const D = JSON.parse(source.textContent);
  const BASE = BigInt(D.base);
  const LENGTH = Math.max(1, D.length);

  // ---- The data ----

  /** Whether a state says that the process was not running, or that nothing shows whether it was. */
  const isAbsent = (code) => code <= -101 && code > -200;

  /** The times at which any lane changes. */
  const allTimes = new Float64Array(D.times.length);
  let lastTime = 0;
  for (let index = 0; index < allTimes.length; index++) {
    lastTime += D.times[index];
    allTimes[index] = lastTime;
  }
  D.times = null;
  /** A text that is cut where it is too long for a lane or a sentence. The tables have all of it. */
  const short = (text) => text.length > 72 ? text.slice(0, 71) + "…" : text;
  /** The lanes: a process or thread each, with the times at which its states change, and the states. */
  const lanes = D.lanes.map((lane, index) => {
    const track = D.tracks[index];
    const count = track.length / 2;
    const times = new Float64Array(count);
    const states = new Int32Array(count);
    let time = 0;
    for (let i = 0; i < count; i++) {
      time += track[2 * i];
      times[i] = allTimes[time];
      states[i] = track[2 * i + 1];
    }
    return {
      index, number: lane[0], name: lane[1], group: lane[2], named: lane[3] === 1, thread: lane[4] === 1,
      first: lane[5], last: lane[6], times, states, label: short(lane[0] + " " + lane[1]), marks: [],
    };
  });
  D.tracks = null;
  for (const mark of D.marks) lanes[mark[1]].marks.push(mark);
  const changes = D.tables.find((table) => table.id === "changes");
  /** What a mark says: the last cells of its row in the table of changes are the marks and the sentence. */
  function markText(mark) {
    const [marks, sentence] = changes.rows[mark[3]][0].slice(-2);
    return sentence.startsWith(marks) ? sentence : `${marks}: ${sentence}`;
  }
  const REASONS = D.reasons;
  const TYPES = D.types.length;
  /** For each list of states and each type: the state, or null where the sample windows around the time disagree. */
  const single = D.states.map((rows) => {
    const codes = [];
    for (let type = 0; type < TYPES; type++) {
      const first = rows.length ? rows[0][type] : -1 - REASONS.indexOf("not-recorded");
      const agrees = (code) => code === first || (isAbsent(code) && isAbsent(first));
      codes.push(rows.every((row) => agrees(row[type])) ? first : null);
    }
    return codes;
  });

  /** The index of the last element that is not greater than a value; -1 for none. */
  function indexAt(times, value) {
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= value) low = middle + 1; else high = middle;
    }
    return low - 1;
  }
  const statesAt = (lane, time) => D.states[lane.states[Math.max(0, indexAt(lane.times, time))]];

  // ---- Verdicts: the rules of `nshist query same --at` ----

  const UNSURE = "changed-between-samples";
  function reasonOf(code) {
    if (code >= 0) return null;
    if (code <= -200) return UNSURE;
    return REASONS[isAbsent(code) ? -101 - code : -1 - code];
  }
  const RANK = ["denied", "expired", "not-recorded", "unsupported", "inode-may-be-reused", "gap", "zombie", UNSURE,
    "not-running"];
  const mostInformative = (reasons) => RANK.find((reason) => reasons.includes(reason)) || null;
  /** The reason for all moments that one wall time may stand for; null if each moment is known. */
  function common(reasons) {
    const given = reasons.filter((reason) => reason !== null);
    if (!given.length) return null;
    if (new Set(reasons).size === 1) return given[0];
    return mostInformative(given.filter((reason) => reason !== "zombie" && reason !== "not-running")) || UNSURE;
  }
  /** Whether two namespaces are certainly not one. */
  function differ(one, other) {
    if (one === other) return false;
    const a = D.namespaces[one];
    const b = D.namespaces[other];
    return a.key !== b.key || a.type !== b.type || (a.known && b.known);
  }
  function judge(codes) {
    const known = codes.filter((code) => code >= 0);
    const distinct = [...new Set(known)];
    for (let i = 0; i < distinct.length; i++) {
      for (let j = i + 1; j < distinct.length; j++) {
        if (differ(distinct[i], distinct[j])) return { verdict: "different", reason: null };
      }
    }
    if (known.length === codes.length) {
      return distinct.length === 1
        ? { verdict: "same", reason: null } : { verdict: "unknown", reason: "inode-may-be-reused" };
    }
    const absent = codes.filter(isAbsent);
    const reasons = (absent.length ? absent : codes).map(reasonOf).filter((reason) => reason !== null);
    return { verdict: "unknown", reason: mostInformative(reasons) };
  }
  /** The verdict on lanes at a time, type by type. */
  function verdict(selected, time) {
    const all = selected.map((lane) => statesAt(lane, time));
    const windows = Math.max(0, ...all.map((rows) => rows.length));
    const row = (rows, index) => rows[rows.length === 1 ? 0 : index];
    const types = D.types.map((name, type) => {
      const judgements = [];
      const reasons = all.map(() => []);
      const namespaces = new Map();
      for (let index = 0; index < windows; index++) {
        const codes = all.map((rows) => row(rows, index)[type]);
        judgements.push(judge(codes));
        codes.forEach((code, lane) => {
          reasons[lane].push(reasonOf(code));
          if (code < 0) return;
          if (!namespaces.has(code)) namespaces.set(code, new Set());
          namespaces.get(code).add(lane);
        });
      }
      const verdicts = new Set(judgements.map((one) => one.verdict));
      const word = verdicts.size === 1 ? judgements[0].verdict : "unknown";
      const reason = word !== "unknown" ? null
        : common(judgements.map((one) => one.reason)) || (windows ? UNSURE : "not-recorded");
      return {
        type: name, verdict: word, reason,
        reasons: reasons.map((list) => common(list) || (windows ? null : "not-recorded")),
        namespaces: [...namespaces].map(([namespace, members]) => ({ namespace, lanes: [...members] })),
      };
    });
    const words = new Set(types.map((one) => one.verdict));
    return {
      verdict: words.has("different") ? "different" : words.has("unknown") ? "unknown" : "same",
      types, evidence: evidenceAt(time).exact ? "exact" : "sampled",
    };
  }
  const evidenceTimes = Float64Array.from(D.evidence, (piece) => piece[0]);
  function evidenceAt(time) {
    const piece = D.evidence[Math.max(0, indexAt(evidenceTimes, time))] || [0, 0, null];
    return { exact: piece[1] === 1, missing: piece[2] };
  }

  // ---- Times ----

  const two = (number, width = 2) => String(number).padStart(width, "0");
  const zoneTimes = Float64Array.from(D.zone, (zone) => zone[0]);
  const zoneAt = (time) => D.zone[Math.max(0, indexAt(zoneTimes, time))][1];
  const wall = (time) => BASE + BigInt(Math.round(time));
  function parts(time) {
    const zone = zoneAt(time);
    const local = wall(time) + BigInt(zone);
    const second = local / 1000000000n;
    const date = new Date(Number(second) * 1000);
    return {
      day: `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`,
      clock: `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`,
      fraction: two(local % 1000000000n, 9), zone,
    };
  }
  const offsetText = (zone) => {
    const minutes = Math.abs(zone) / 6e10;
    return (zone < 0 ? "-" : "+") + two(Math.floor(minutes / 60)) + ":" + two(minutes % 60);
  };
  const showTime = (time) => {
    const p = parts(time);
    return `${p.day} ${p.clock}.${p.fraction.slice(0, 3)}${offsetText(p.zone)}`;
  };
  /** A time as RFC 3339 in UTC with nine digits: the form in a link. */
  function utcText(time) {
    const at = wall(time);
    const date = new Date(Number(at / 1000000000n) * 1000).toISOString().slice(0, 19);
    return `${date}.${two(at % 1000000000n, 9)}Z`;
  }
  function timeOf(text) {
    const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
    if (!match) return null;
    const second = Date.parse(match[1] + "Z");
    if (!Number.isFinite(second)) return null;
    return Number(BigInt(second) * 1000000n + BigInt((match[2] || "").padEnd(9, "0")) - BASE);
  }
  function showLength(time) {
    const units = [[864e11, "d"], [36e11, "h"], [6e10, "min"], [1e9, "s"], [1e6, "ms"], [1e3, "µs"]];
    const unit = units.find(([size]) => time >= size) || [1, "ns"];
    const value = time / unit[0];
    return `${value < 10 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)} ${unit[1]}`;
  }
  const SECOND = 1e9;
  const STEPS = [];
  for (let unit = 1; unit < SECOND; unit *= 10) STEPS.push(unit, 2 * unit, 5 * unit);
  for (const seconds of [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
    172800, 604800, 1209600, 2592000, 5184000, 15552000, 31536000]) STEPS.push(seconds * SECOND);
  /** The round times of the ruler: the rules of `TimeRuler`. */
  function ticks(from, until, width) {
    const unit = STEPS.find((one) => one >= (until - from) / Math.max(1, width / 110)) || STEPS[STEPS.length - 1];
    const origin = Number(BASE % BigInt(unit));
    const list = [];
    let zone = zoneAt(from);
    for (let local = Math.ceil((from + origin + zone) / unit) * unit; list.length < 60; local += unit) {
      let tick = local - origin - zone;
      // After a change to or from summer time, the same time of day is at another moment.
      const next = unit > 900 * SECOND ? zoneAt(tick) : zone;
      if (next !== zone) tick = local - origin - next;
      if (tick > until) break;
      // The clock was set forward over this time of day.
      if (next !== zone && zoneAt(tick) !== next) continue;
      zone = next;
      if (tick < from) continue;
      const p = parts(tick);
      const isMidnight = p.clock === "00:00:00" && /^0*$/.test(p.fraction);
      const digits = Math.max(0, 9 - Math.floor(Math.log10(unit) + 1e-9));
      const text = isMidnight ? p.day : unit >= 60 * SECOND ? p.clock.slice(0, 5)
        : unit >= SECOND ? p.clock : `${p.clock}.${p.fraction.slice(0, Math.max(1, digits))}`;
      list.push({ time: tick, text });
    }
    return list;
  }

  // ---- Elements ----

  function element(name, properties = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key === "class") node.className = value || "";
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (value === true) node.setAttribute(key, "");
      else if (value !== false && value !== null) node.setAttribute(key, value);
    }
    for (const child of children) if (child !== null) node.append(child);
    return node;
  }
  function button(text, title, action, pressed = null) {
    return element("button", { type: "button", title, onclick: action, "aria-pressed": pressed }, text);
  }
  function swatch(index) {
    const namespace = D.namespaces[index];
    return element("span", { class: "swatch s-" + (namespace.colour === null ? "i" : namespace.colour) },
      namespace.letter);
  }

  // ---- The timeline ----

  const state = {
    from: 0, until: LENGTH, cursor: 0, hover: null, types: D.shown.slice(), folded: new Set(), selected: new Set(),
    tall: null, focus: null, only: null,
  };
  const named = lanes.filter((lane) => lane.named);
  /** The moment to begin with: what the verdict names, or a change of a lane that was asked for, or any change. */
  function firstMoment() {
    if (D.start !== null) return D.start;
    const marks = D.marks.filter((mark) => mark[2] !== "m-last-exit");
    const own = marks.find((mark) => lanes[mark[1]].named);
    if (own) return own[0];
    if (named.length && named.length < lanes.length) return Math.max(...named.map((lane) => lane.first));
    return marks.length ? marks[0][0] : Math.round(LENGTH / 2);
  }
  /** Chooses the lanes that were asked for and that the cursor's moment shows, if they are few. */
  function selectNamed() {
    const shown = named.filter((lane) => single[lane.states[Math.max(0, indexAt(lane.times, state.cursor))]]
      .some((code) => code === null || !isAbsent(code)));
    if (shown.length <= 8) for (const lane of shown) state.selected.add(lane.index);
  }

  let rows = [];
  let height = 0;
  const ROW = { tall: 13, flat: 4 };
  let stripes = 0;
  const isTall = () => state.tall === null ? stripes <= 400 : state.tall;

  /** The lanes that were only in the namespaces in which their group was most of its time: the type that is drawn for
      all of them, by lane. */
  let plain = new Map();
  let plainFor = "";
  function findPlain() {
    if (plainFor === state.types.join()) return;
    plainFor = state.types.join();
    plain = new Map();
    if (state.types.length < 2) return;
    const keys = single.map((codes) => {
      const known = state.types.map((type) => codes[type]).filter((code) => code !== null && code >= 0);
      return known.length === 0 ? "" : known.length === state.types.length ? known.join() : null;
    });
    const counts = D.groups.map(() => new Map());
    // Processes of no container have nothing in common but the initial namespaces.
    const isInitial = (key) => key.split(",").every((code) => D.namespaces[code].initial === true);
    const ofLane = lanes.map((lane) => {
      const all = new Set();
      const lengths = counts[lane.group];
      const isLoose = D.loose.includes(lane.group);
      lane.states.forEach((states, i) => {
        const key = keys[states];
        all.add(key);
        if (!key || (isLoose && !isInitial(key))) return;
        const end = i + 1 < lane.times.length ? lane.times[i + 1] : LENGTH;
        lengths.set(key, (lengths.get(key) || 0) + end - lane.times[i]);
      });
      return all;
    });
    const main = counts.map((all) => [...all].reduce((best, one) => one[1] > best[1] ? one : best, ["", 0])[0]);
    lanes.forEach((lane, index) => {
      if (!main[lane.group]) return;
      for (const key of ofLane[index]) if (key !== "" && key !== main[lane.group]) return;
      const own = main[lane.group].split(",").findIndex((code) => D.namespaces[code].initial !== true);
      plain.set(index, [state.types[Math.max(0, own)]]);
    });
  }
  const typesOf = (lane) => plain.get(lane.index) || state.types;

  /** Lays out the rows: the headings of groups, and the lanes of those that are not folded. */
  function layOut() {
    rows = [];
    let group = null;
    for (const index of D.order) {
      const lane = lanes[index];
      if (state.only && !state.only.has(index)) continue;
      if (lane.group !== group) {
        group = lane.group;
        rows.push({ group, lanes: 0 });
      }
      rows.push({ lane });
    }
    let heading = null;
    for (const row of rows) if (row.lane) heading.lanes++; else heading = row;
    rows = rows.filter((row) => !row.lane || !state.folded.has(row.lane.group));
    findPlain();
    stripes = rows.reduce((sum, row) => sum + (row.lane ? typesOf(row.lane).length : 1), 0);
    const stripe = (isTall() ? ROW.tall : ROW.flat) + 1;
    let y = 4;
    for (const row of rows) {
      row.y = y;
      row.height = row.lane ? Math.max(14, typesOf(row.lane).length * stripe) + 5 : 24;
      y += row.height;
    }
    height = y + 6;
  }
  function rowAt(y) {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].y <= y) low = middle + 1; else high = middle;
    }
    return low - 1;
  }

  let palette = null;
  function colours() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue("--" + name).trim();
    palette = { fill: [], text: [] };
    for (let i = 0; i < 12; i++) {
      palette.fill.push(read("c" + i));
      palette.text.push(read("t" + i));
    }
    for (const name of ["ink", "soft", "line", "back", "panel", "accent", "ci", "ti", "dense", "unsure", "unknown",
      "gap-back", "gap-line", "m-joined", "m-left-container", "m-created", "m-last-exit"]) palette[name] = read(name);
    palette.gap = pattern(7, palette["gap-back"], palette["gap-line"], false);
    palette.hatch = pattern(5, null, palette.unknown, true);
    palette.face = getComputedStyle(document.body).fontFamily;
  }
  function pattern(size, back, line, isBack) {
    const canvas = document.createElement("canvas");
    canvas.width = size * 2;
    canvas.height = size * 2;
    const pen = canvas.getContext("2d");
    if (back) {
      pen.fillStyle = back;
      pen.fillRect(0, 0, canvas.width, canvas.height);
    }
    pen.strokeStyle = line;
    pen.lineWidth = 1.2;
    for (let i = -2; i <= 4; i++) {
      pen.beginPath();
      if (isBack) {
        pen.moveTo(i * size, 0);
        pen.lineTo(i * size + 2 * size, 2 * size);
      } else {
        pen.moveTo(i * size, 2 * size);
        pen.lineTo(i * size + 2 * size, 0);
      }
      pen.stroke();
    }
    return pen.createPattern(canvas, "repeat");
  }

  const narrow = () => stage.clientWidth < 640;
  const margin = () => narrow() ? 104 : 210;
  const OVERVIEW = 46;
  let overview, view, canvas, pen, tip, status;
  let viewHeight = 300;
  let isMerged = false;

  const toX = (time, width) => (time - state.from) / (state.until - state.from) * width;
  const toTime = (x, width) => state.from + x / width * (state.until - state.from);

  function prepare(target, width, size) {
    const ratio = window.devicePixelRatio || 1;
    if (target.width !== Math.round(width * ratio) || target.height !== Math.round(size * ratio)) {
      target.width = Math.round(width * ratio);
      target.height = Math.round(size * ratio);
      target.style.width = width + "px";
      target.style.height = size + "px";
    }
    const context = target.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, size);
    return context;
  }

  /** Draws one lane: a stripe a type. Parts that are narrower than a pixel are merged. */
  function drawLane(lane, y, width, left, tall) {
    const stripe = tall ? ROW.tall : ROW.flat;
    const { times, states } = lane;
    const perPixel = (state.until - state.from) / width;
    const begin = Math.max(0, indexAt(times, state.from));
    const types = typesOf(lane);
    for (let k = 0; k < types.length; k++) {
      const type = types[k];
      const top = y + k * (stripe + 1);
      let i = begin;
      let runFrom = null;
      let runCode = null;
      let x = 0;
      const flush = (to) => {
        if (runFrom === null) return;
        paint(runCode, left + runFrom, left + to, top, stripe, tall);
        runFrom = null;
      };
      while (i < times.length) {
        const start = Math.max(times[i], state.from);
        if (start >= state.until) break;
        const end = Math.min(i + 1 < times.length ? times[i + 1] : LENGTH, state.until);
        x = (start - state.from) / perPixel;
        let code = single[states[i]][type];
        if (code !== null && isAbsent(code)) code = undefined;
        if (end - start >= perPixel || i + 1 >= times.length) {
          if (code !== runCode || runFrom === null) {
            flush(x);
            if (code !== undefined) {
              runFrom = x;
              runCode = code;
            }
          }
          if (code === undefined) runFrom = null;
          i++;
          continue;
        }
        // Several states may begin in this pixel: find the piece that reaches beyond it.
        const until = state.from + (Math.floor(x) + 1) * perPixel;
        let next = i + 1;
        if (times[next] < until) next = Math.max(i + 1, indexAt(times, until));
        let mixed = false;
        let shown = code;
        for (let j = i + 1, steps = 0; j < next && steps < 64; j++, steps++) {
          let other = single[states[j]][type];
          if (other !== null && isAbsent(other)) other = undefined;
          if (other === undefined) continue;
          if (shown === undefined) shown = other; else if (other !== shown) mixed = true;
        }
        const pixel = Math.floor(x);
        if (mixed) {
          flush(x);
          isMerged = true;
          pen.fillStyle = palette.dense;
          pen.fillRect(left + pixel, top, 1, stripe);
        } else if (shown !== undefined && !(runFrom !== null && runCode === shown)) {
          flush(x);
          paint(shown, left + x, left + Math.max(x + 1, x), top, stripe, false);
        }
        i = next;
        if (runFrom !== null && shown !== runCode) runFrom = null;
      }
      flush(Math.min(width, (Math.min(LENGTH, state.until) - state.from) / perPixel));
    }
  }
  function paint(code, from, to, top, stripe, letters) {
    const size = Math.max(1, to - from);
    if (code === null || code <= -200 || reasonOf(code) === UNSURE) {
      pen.fillStyle = palette.unsure;
      pen.fillRect(from, top + stripe / 2 - 1, size, 2);
      return;
    }
    if (code < 0) {
      pen.fillStyle = palette.hatch;
      pen.fillRect(from, top, size, stripe);
      if (letters && size > 70 && reasonOf(code) !== "gap") {
        pen.font = "10px " + palette.face;
        const word = reasonOf(code);
        const box = pen.measureText(word).width + 6;
        pen.fillStyle = palette.back;
        pen.fillRect(from + 3, top + 1, box, stripe - 2);
        pen.fillStyle = palette.soft;
        pen.fillText(word, from + 6, top + 10);
      }
      return;
    }
    const namespace = D.namespaces[code];
    const initial = namespace.colour === null;
    pen.fillStyle = initial ? palette.ci : palette.fill[namespace.colour];
    pen.fillRect(from, top, size, stripe);
    if (letters && size > 11) {
      pen.font = "10px " + palette.face;
      pen.fillStyle = initial ? palette.ti : palette.text[namespace.colour];
      pen.fillText(namespace.letter, from + 4, top + 10);
    }
  }
  function fit(text, width) {
    if (pen.measureText(text).width <= width) return text;
    let low = 1;
    let high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (pen.measureText(text.slice(0, middle) + "…").width <= width) low = middle; else high = middle - 1;
    }
    return text.slice(0, low) + "…";
  }
  function drawMark(x, y, style) {
    pen.fillStyle = palette[style];
    pen.beginPath();
    pen.moveTo(x, y + 5);
    pen.lineTo(x - 3.5, y - 1);
    pen.lineTo(x + 3.5, y - 1);
    pen.fill();
  }

  function draw() {
    pending = false;
    if (!palette) colours();
    const total = stage.clientWidth;
    const left = margin();
    const width = Math.max(50, total - left - 12);
    const scroll = view.scrollTop;
    viewHeight = Math.min(Math.max(120, height), Math.round(window.innerHeight * 0.62));
    isMerged = false;
    drawOverview(total, left, width);
    pen = prepare(canvas, total, viewHeight);
    pen.textBaseline = "alphabetic";
    for (const gap of D.gaps) {
      if (gap[1] <= gap[0] || gap[1] < state.from || gap[0] > state.until) continue;
      const x = Math.max(0, toX(gap[0], width));
      const end = Math.min(width, toX(gap[1], width));
      pen.fillStyle = palette.gap;
      pen.fillRect(left + x, 0, Math.max(1, end - x), viewHeight);
    }
    const list = ticks(state.from, state.until, width);
    pen.fillStyle = palette.line;
    for (const tick of list) pen.fillRect(Math.round(left + toX(tick.time, width)), 0, 1, viewHeight);
    const tall = isTall();
    for (let i = Math.max(0, rowAt(scroll)); i < rows.length && rows[i].y < scroll + viewHeight; i++) {
      const row = rows[i];
      const y = row.y - scroll;
      if (!row.lane) {
        pen.fillStyle = palette.ink;
        pen.font = "600 12px " + palette.face;
        const sign = state.folded.has(row.group) ? "▸" : "▾";
        pen.fillText(fit(`${sign} ${short(D.groups[row.group])}  (${row.lanes})`, total - 20), 6, y + 16);
        continue;
      }
      const lane = row.lane;
      const isChosen = state.selected.has(lane.index);
      if (isChosen || state.focus === lane.index) {
        pen.fillStyle = palette.panel;
        pen.fillRect(0, y - 2, left - 4, row.height - 1);
      }
      if (isChosen) {
        pen.fillStyle = palette.accent;
        pen.fillRect(0, y - 2, 3, row.height - 1);
      }
      pen.font = "11px " + palette.face;
      pen.fillStyle = lane.named || isChosen ? palette.ink : palette.soft;
      pen.fillText(fit((lane.thread ? "  ↳ " : "") + lane.label, left - (tall && !narrow() ? 52 : 16)), 8, y + 10);
      if (tall && !narrow()) {
        pen.font = "10px " + palette.face;
        pen.fillStyle = palette.soft;
        pen.textAlign = "right";
        typesOf(lane).forEach((type, k) => {
          pen.fillText(plain.has(lane.index) ? "all" : D.types[type], left - 6, y + 10 + k * (ROW.tall + 1));
        });
        pen.textAlign = "left";
      }
      drawLane(lane, y, width, left, tall);
      let lastX = -10;
      for (const mark of lane.marks) {
        if (mark[0] < state.from || mark[0] > state.until) continue;
        const x = toX(mark[0], width);
        if (x - lastX < 1) continue;
        lastX = x;
        drawMark(left + x, y - 3, mark[2]);
      }
      pen.fillStyle = palette.line;
      pen.fillRect(0, y + row.height - 3, total, 1);
    }
    for (const [time, style] of [[state.hover, palette.soft], [state.cursor, palette.accent]]) {
      if (time === null || time < state.from || time > state.until) continue;
      pen.fillStyle = style;
      pen.fillRect(Math.round(left + toX(time, width)), 0, style === palette.accent ? 2 : 1, viewHeight);
    }
    if (brush && brush.moved) {
      pen.fillStyle = palette.accent;
      pen.globalAlpha = 0.18;
      const [a, b] = [Math.min(brush.from, brush.to), Math.max(brush.from, brush.to)];
      pen.fillRect(left + a, 0, b - a, viewHeight);
      pen.globalAlpha = 1;
    }
    const shown = `${showLength(state.until - state.from)} shown`;
    const text = isMerged ? shown + "; dark parts: zoom in" : shown;
    if (status.textContent !== text) status.textContent = text;
  }
  let overviewImage = null;
  function drawOverview(total, left, width) {
    const context = prepare(overview, total, OVERVIEW);
    // How much happens when: the changes of states in each pixel of the whole time.
    if (!overviewImage || overviewImage.length !== Math.ceil(width)) {
      overviewImage = new Float64Array(Math.ceil(width));
      for (const lane of lanes) {
        for (let i = 1; i < lane.times.length; i++) {
          const x = Math.floor(lane.times[i] / LENGTH * width);
          if (x >= 0 && x < overviewImage.length) overviewImage[x]++;
        }
      }
    }
    let most = 1;
    for (const count of overviewImage) most = Math.max(most, count);
    for (const gap of D.gaps) {
      if (gap[1] <= gap[0]) continue;
      context.fillStyle = palette.gap;
      const from = Math.max(0, gap[0] / LENGTH * width);
      context.fillRect(left + from, 16, Math.max(1, Math.min(width, gap[1] / LENGTH * width) - from), OVERVIEW - 16);
    }
    context.fillStyle = palette.unsure;
    overviewImage.forEach((count, x) => {
      if (!count) return;
      const size = 3 + (OVERVIEW - 22) * Math.log1p(count) / Math.log1p(most);
      context.fillRect(left + x, OVERVIEW - size, 1, size);
    });
    const a = state.from / LENGTH * width;
    const b = state.until / LENGTH * width;
    if (a > 0 || b < width) {
      context.fillStyle = palette.accent;
      context.globalAlpha = 0.15;
      context.fillRect(left + a, 16, Math.max(2, b - a), OVERVIEW - 16);
      context.globalAlpha = 1;
      context.fillRect(left + a, 16, 1, OVERVIEW - 16);
      context.fillRect(left + Math.max(a + 2, b), 16, 1, OVERVIEW - 16);
    }
    context.font = "10px " + palette.face;
    context.fillStyle = palette.soft;
    context.textAlign = "center";
    for (const tick of ticks(state.from, state.until, width)) {
      const half = context.measureText(tick.text).width / 2;
      context.fillText(tick.text, Math.min(left + toX(tick.time, width), total - half - 2), 11);
    }
    context.textAlign = "left";
    context.fillText("changes", 8, OVERVIEW - 8);
  }

  let pending = false;
  function redraw() {
    if (pending || !view) return;
    pending = true;
    requestAnimationFrame(draw);
  }
  function relay() {
    layOut();
    spacer.style.height = Math.max(0, height - Math.min(height, Math.round(window.innerHeight * 0.62))) + "px";
    redraw();
  }

  // ---- Zoom and pan ----

  const LEAST = 1000;
  function show(from, until, keepsLink = false) {
    const length = Math.min(LENGTH, Math.max(Math.min(LEAST, LENGTH), until - from));
    const start = Math.min(Math.max(0, from), LENGTH - length);
    state.from = start;
    state.until = start + length;
    redraw();
    if (!keepsLink) saveLink();
  }
  function zoom(factor, around = (state.from + state.until) / 2) {
    const length = Math.min(LENGTH, Math.max(Math.min(LEAST, LENGTH), (state.until - state.from) * factor));
    const share = (around - state.from) / (state.until - state.from);
    show(around - length * share, around - length * share + length);
  }
  const pan = (share) => show(
    state.from + share * (state.until - state.from), state.until + share * (state.until - state.from));
  /** The nearest moment that the report is about. Its end is the last sample, after which nothing is known. */
  const inside = (time) => Math.max(0, Math.min(time, LENGTH - 1));
  function setCursor(time, isKept = true) {
    state.cursor = inside(Math.round(time));
    if (state.cursor < state.from || state.cursor > state.until) {
      const half = (state.until - state.from) / 2;
      show(state.cursor - half, state.cursor + half, true);
    }
    redraw();
    sayMoment();
    if (isKept) saveLink();
  }
  /** Moves the cursor to the next or the last change of the selected lanes, or of all lanes in view. */
  function step(direction) {
    const chosen = state.selected.size ? [...state.selected].map((index) => lanes[index])
      : rows.filter((row) => row.lane).map((row) => row.lane);
    let best = null;
    for (const lane of chosen) {
      let index = indexAt(lane.times, state.cursor);
      if (direction > 0) index++; else if (index >= 0 && lane.times[index] >= state.cursor) index--;
      const time = lane.times[index];
      if (time === undefined || time === state.cursor) continue;
      if (best === null || (direction > 0 ? time < best : time > best)) best = time;
    }
    if (best !== null) setCursor(best);
  }

  // ---- Links ----

  let linkTimer = null;
  function saveLink() {
    clearTimeout(linkTimer);
    linkTimer = setTimeout(() => {
      const words = ["t=" + utcText(state.cursor)];
      if (state.from > 0 || state.until < LENGTH) words.push("v=" + utcText(state.from) + "," + utcText(state.until));
      if (state.types.join() !== D.shown.join()) words.push("y=" + state.types.map((type) => D.types[type]).join(","));
      if (state.selected.size && state.selected.size <= 30) words.push("l=" + [...state.selected].join(","));
      try { history.replaceState(null, "", "#" + words.join("&")); } catch { location.hash = words.join("&"); }
    }, 150);
  }
  function decoded(text) {
    try { return decodeURIComponent(text); } catch { return ""; }
  }
  function readLink() {
    const words = new Map(location.hash.slice(1).split("&").map((word) => {
      const mark = word.indexOf("=");
      return mark < 0 ? ["", ""] : [word.slice(0, mark), decoded(word.slice(mark + 1))];
    }));
    const range = (words.get("v") || "").split(",").map(timeOf);
    if (range.length === 2 && range.every((time) => time !== null) && range[0] < range[1]) {
      show(range[0], range[1], true);
    }
    const types = (words.get("y") || "").split(",").map((name) => D.types.indexOf(name)).filter((type) => type >= 0);
    if (types.length) state.types = [...new Set(types)].sort((a, b) => a - b);
    const chosen = (words.get("l") || "").split(",").filter((text) => /^\d+$/.test(text)).map(Number)
      .filter((index) => index < lanes.length);
    if (chosen.length) state.selected = new Set(chosen);
    const time = timeOf(words.get("t") || "");
    if (time !== null) state.cursor = inside(time);
    return time !== null;
  }

  // ---- The moment of the cursor ----

  const MOST = 12;
  function sayMoment() {
    const panel = document.getElementById("moment");
    const body = document.getElementById("moment-body");
    panel.hidden = false;
    const time = state.cursor;
    const evidence = evidenceAt(time);
    const chosen = [...state.selected].map((index) => lanes[index]);
    const head = element("div", { class: "wide" },
      element("div", { class: "when" }, showTime(time)),
      element("div", { class: "small" }, evidence.missing ? `Nothing was recorded at this time: ${evidence.missing}.`
        : evidence.exact ? "Evidence: exact. Kernel events cover this moment."
          : "Evidence: sampled. Changes between samples are not recorded."));
    const mark = D.marks.filter((one) => one[0] === time).slice(0, 5);
    for (const one of mark) {
      head.append(element("div", {}, `${lanes[one[1]].label}: ${markText(one)}`));
    }
    body.replaceChildren(head, chosen.length > 1 ? verdictPart(chosen, time) : hintPart(), togetherPart(time),
      element("div", {}, ...treeParts(time)));
  }
  const hintPart = () => element("div", { class: "small wide" },
    "Choose two lanes or more (click their names, or Enter) to see their verdict here.");
  function verdictPart(chosen, time) {
    const answer = verdict(chosen, time);
    const names = chosen.map((lane) => lane.label);
    const body = element("tbody");
    for (const line of answer.types) {
      const cell = element("td");
      line.namespaces.slice(0, MOST).forEach((one, index) => {
        if (index) cell.append(", ");
        const who = line.verdict === "same" ? "" : one.lanes.map((lane) => chosen[lane].number).join(", ") + " in ";
        cell.append(who, swatch(one.namespace), " " + D.namespaces[one.namespace].name);
      });
      const unknown = line.reasons.map((reason, index) => reason ? `${chosen[index].number}: ${reason}` : null)
        .filter((text) => text);
      const why = line.verdict === "unknown" && line.reason
        ? `${line.reason}: ${D.words[REASONS.indexOf(line.reason)]}` : "";
      body.append(element("tr", { class: "v-" + line.verdict }, element("td", {}, line.type),
        element("td", {}, line.verdict), cell, element("td", { class: "long", title: unknown.join("; ") }, why)));
    }
    return element("div", { class: "wide" }, element("h3", {}, "Verdict"),
      element("div", {}, element("b", { class: "v-" + answer.verdict, id: "verdict-word" }, answer.verdict), "  ",
        names.slice(0, MOST).join(", ") + (names.length > MOST ? ` and ${names.length - MOST} more` : "")),
      element("div", { class: "scroll" }, element("table", {}, body)));
  }
  function membersAt(time, type) {
    const members = new Map();
    for (const lane of lanes) {
      const code = single[lane.states[Math.max(0, indexAt(lane.times, time))]][type];
      if (code === null || code < 0) continue;
      if (!members.has(code)) members.set(code, []);
      members.get(code).push(lane);
    }
    return members;
  }
  function people(list) {
    const span = element("span");
    list.slice(0, MOST).forEach((lane, index) => {
      if (index) span.append(", ");
      span.append(element("span", { class: "member" }, lane.label));
    });
    if (list.length > MOST) span.append(` and ${list.length - MOST} more`);
    return span;
  }
  function togetherPart(time) {
    const part = element("div", {}, element("h3", {}, "Who was with whom"));
    let isAny = false;
    for (const type of state.types) {
      const list = element("ul");
      for (const [code, members] of membersAt(time, type)) {
        isAny = true;
        list.append(element("li", {}, swatch(code), " ", namespaceButton(code), ": ", people(members)));
      }
      if (list.children.length) part.append(element("div", { class: "small" }, D.types[type]), list);
    }
    if (!isAny) {
      part.append(element("div", { class: "small" },
        "Of no process is it certain in which of the shown namespaces it was then."));
    }
    return part;
  }
  function treeParts(time) {
    return ["pid", "user"].map((name) => {
      const type = D.types.indexOf(name);
      const members = membersAt(time, type);
      const used = new Set();
      for (let code of members.keys()) {
        for (let depth = 0; code !== null && !used.has(code) && depth < 64; depth++) {
          used.add(code);
          code = D.namespaces[code].parent;
        }
      }
      const below = (parent, depth) => {
        const list = element("ul");
        for (const code of used) {
          const up = D.namespaces[code].parent;
          if ((up !== null && used.has(up) ? up : null) !== parent || depth > 40) continue;
          const count = (members.get(code) || []).length;
          const item = element("li", {}, swatch(code), " ", namespaceButton(code),
            count ? ` ${count} ${count === 1 ? "lane" : "lanes"}` : "");
          const inner = below(code, depth + 1);
          if (inner.children.length) item.append(inner);
          list.append(item);
        }
        return list;
      };
      const tree = below(null, 0);
      return element("div", {}, element("h3", {}, `Tree of ${name} namespaces`),
        tree.children.length ? tree : element("div", { class: "small" }, "None is known at this time."));
    });
  }

  // ---- The views of a namespace and of a container ----

  const namespaceButton = (code) => element("a", {
    href: "#", onclick: (event) => { event.preventDefault(); viewNamespace(code); },
  }, D.namespaces[code].name);
  function timeLink(time) {
    return element("a", {
      href: "#t=" + utcText(time),
      onclick: (event) => { event.preventDefault(); setCursor(time); stage.scrollIntoView({ block: "nearest" }); },
    }, showTime(time));
  }
  function openView(title, ...content) {
    const panel = document.getElementById("view");
    panel.hidden = false;
    panel.querySelector("h2").textContent = title;
    panel.querySelector("#view-body").replaceChildren(...content,
      element("p", {}, button("Close", "Close this view", () => { panel.hidden = true; only(null); })));
    panel.scrollIntoView({ block: "nearest" });
  }
  function only(set) {
    state.only = set;
    relay();
  }
  /** Who was in a namespace, from when to when. */
  function viewNamespace(code) {
    const namespace = D.namespaces[code];
    const body = element("tbody");
    const found = new Set();
    let count = 0;
    for (const index of D.order) {
      const lane = lanes[index];
      for (let i = 0; i < lane.times.length; i++) {
        if (single[lane.states[i]][namespace.type] !== code) continue;
        let end = i;
        while (end + 1 < lane.times.length && single[lane.states[end + 1]][namespace.type] === code) end++;
        found.add(index);
        if (++count <= 500) {
          const until = end + 1 < lane.times.length ? lane.times[end + 1] : LENGTH;
          body.append(element("tr", {}, element("td", {}, lane.label), element("td", {}, D.containers[lane.group]),
            element("td", {}, timeLink(lane.times[i])), element("td", {}, timeLink(until)),
            element("td", {}, showLength(until - lane.times[i]))));
        }
        i = end;
      }
    }
    const head = element("tr");
    for (const title of ["PROCESS", "CONTAINER", "FROM", "UNTIL", "LENGTH"]) {
      head.append(element("th", { scope: "col" }, title));
    }
    openView(namespace.name, element("p", {}, swatch(code), " ", namespace.text || ""),
      namespace.owner === null ? null : element("p", {}, "Owned by ", namespaceButton(namespace.owner), "."),
      namespace.parent === null ? null : element("p", {}, "Made in ", namespaceButton(namespace.parent), "."),
      element("p", {}, button("Show only its lanes", "Show only the lanes that were in it", () => only(found)), " ",
        button("Choose its lanes", "Choose the lanes that were in it for the verdict", () => {
          state.selected = new Set([...found].slice(0, 30));
          sayMoment();
          redraw();
        })),
      element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), body)),
      count > 500 ? element("p", { class: "small" }, `The first 500 of ${count} times.`) : null);
  }
  /** A container: its processes, what it shared, and who entered it. */
  function viewGroup(group) {
    const table = D.tables.find((one) => one.id === "containers");
    const row = table && table.rows.find((one) => one[4] === group);
    const list = element("dl", { class: "facts" });
    if (row) {
      const titles = [...document.querySelectorAll("#t-containers th")].map((cell) => cell.textContent);
      row[0].forEach((text, index) => {
        if (text) list.append(element("div", {}, element("dt", {}, titles[index]), element("dd", {}, text)));
      });
    }
    const own = new Set(lanes.filter((lane) => lane.group === group).map((lane) => lane.index));
    openView(D.groups[group], list,
      element("p", {}, button("Show only its lanes", "Show only the lanes of this container", () => only(own))));
  }

  // ---- Pointer and keys ----

  let brush = null;
  function pointer() {
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      const left = margin();
      return {
        x: event.clientX - box.left - left, y: event.clientY - box.top + view.scrollTop,
        width: Math.max(50, stage.clientWidth - left - 12),
      };
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const at = place(event);
      view.focus({ preventScroll: true });
      if (at.x < 0) {
        const row = rows[rowAt(at.y)];
        if (!row) return;
        if (row.lane) choose(row.lane.index); else fold(row.group);
        return;
      }
      brush = { from: at.x, to: at.x, moved: false, pans: event.shiftKey, start: state.from, end: state.until };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (brush) {
        brush.to = Math.min(at.width, Math.max(0, at.x));
        if (Math.abs(brush.to - brush.from) > 4) brush.moved = true;
        if (brush.pans && brush.moved) {
          const shift = (brush.from - at.x) / at.width * (brush.end - brush.start);
          show(brush.start + shift, brush.end + shift);
        }
        return redraw();
      }
      state.hover = at.x >= 0 && at.x <= at.width ? toTime(at.x, at.width) : null;
      sayTip(at, event);
      redraw();
    });
    canvas.addEventListener("pointerup", (event) => {
      if (!brush) return;
      const at = place(event);
      const done = brush;
      brush = null;
      if (done.pans && done.moved) return redraw();
      if (done.moved) {
        return show(toTime(Math.min(done.from, done.to), at.width), toTime(Math.max(done.from, done.to), at.width));
      }
      setCursor(toTime(at.x, at.width));
    });
    canvas.addEventListener("pointerleave", () => { state.hover = null; tip.hidden = true; redraw(); });
    canvas.addEventListener("dblclick", () => show(0, LENGTH));
    view.addEventListener("wheel", (event) => {
      const at = place(event);
      if (event.ctrlKey || event.metaKey || event.altKey) {
        event.preventDefault();
        zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 150), toTime(Math.max(0, at.x), at.width));
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        pan((event.deltaX || event.deltaY) / at.width);
      }
    }, { passive: false });
    view.addEventListener("scroll", redraw, { passive: true });
    let whole = null;
    const seek = (event) => {
      const box = overview.getBoundingClientRect();
      const left = margin();
      const width = Math.max(50, stage.clientWidth - left - 12);
      return Math.min(1, Math.max(0, (event.clientX - box.left - left) / width)) * LENGTH;
    };
    overview.addEventListener("pointerdown", (event) => {
      whole = seek(event);
      overview.setPointerCapture(event.pointerId);
    });
    overview.addEventListener("pointerup", (event) => {
      const end = seek(event);
      if (whole === null) return;
      if (Math.abs(end - whole) > LENGTH / 200) show(Math.min(whole, end), Math.max(whole, end));
      else {
        const half = (state.until - state.from) / 2;
        show(end - half, end + half);
      }
      whole = null;
    });
    view.addEventListener("keydown", onKey);
    window.addEventListener("resize", relay);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { palette = null; redraw(); });
    window.addEventListener("hashchange", () => { readLink(); relay(); sayMoment(); });
  }
  function sayTip(at, event) {
    const row = rows[rowAt(at.y)];
    if (state.hover === null || !row || !row.lane) {
      tip.hidden = true;
      return;
    }
    const stripe = (isTall() ? ROW.tall : ROW.flat) + 1;
    const kind = typesOf(row.lane)[Math.floor((at.y - row.y) / stripe)];
    const near = row.lane.marks.find((mark) => Math.abs(toX(mark[0], at.width) - at.x) < 4);
    const rowsAt = statesAt(row.lane, state.hover);
    const say = (type) => {
      const code = single[D.states.indexOf(rowsAt)][type];
      if (code === null) return `${D.types[type]}: within a sample`;
      if (code >= 0) return D.namespaces[code].name;
      return `${D.types[type]}: ${isAbsent(code) ? "" : "unknown, "}${reasonOf(code)}`;
    };
    const clock = parts(state.hover);
    tip.textContent = near && at.y - row.y < 6 ? `${row.lane.label} ${markText(near)}`
      : `${row.lane.label} – ${kind === undefined ? "" : say(kind)} – ${clock.clock}.${clock.fraction.slice(0, 6)}`;
    tip.hidden = false;
    const box = stage.getBoundingClientRect();
    const x = event.clientX - box.left;
    tip.style.left = Math.max(0, Math.min(x + 12, stage.clientWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = Math.max(0, event.clientY - box.top + 16) + "px";
  }
  function choose(index) {
    if (state.selected.has(index)) state.selected.delete(index); else state.selected.add(index);
    state.focus = index;
    sayMoment();
    redraw();
    saveLink();
  }
  function fold(group) {
    if (state.folded.has(group)) state.folded.delete(group); else state.folded.add(group);
    relay();
  }
  function focusLane(direction) {
    const shown = rows.filter((row) => row.lane);
    if (!shown.length) return;
    let index = shown.findIndex((row) => row.lane.index === state.focus);
    index = Math.min(shown.length - 1, Math.max(0, index < 0 ? 0 : index + direction));
    const row = shown[index];
    state.focus = row.lane.index;
    if (row.y < view.scrollTop) view.scrollTop = row.y - 30;
    if (row.y + row.height > view.scrollTop + viewHeight) view.scrollTop = row.y + row.height - viewHeight + 10;
    redraw();
  }
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pixel = (state.until - state.from) / Math.max(50, stage.clientWidth - margin() - 12);
    const actions = {
      "+": () => zoom(0.5, state.cursor), "=": () => zoom(0.5, state.cursor), "w": () => zoom(0.5, state.cursor),
      "-": () => zoom(2, state.cursor), "s": () => zoom(2, state.cursor),
      "a": () => pan(-0.25), "d": () => pan(0.25), "0": () => show(0, LENGTH), "Home": () => show(0, LENGTH),
      "ArrowLeft": () => event.shiftKey ? pan(-0.25) : setCursor(state.cursor - Math.max(1, pixel)),
      "ArrowRight": () => event.shiftKey ? pan(0.25) : setCursor(state.cursor + Math.max(1, pixel)),
      "ArrowUp": () => focusLane(-1), "ArrowDown": () => focusLane(1),
      "Enter": () => { if (state.focus !== null) choose(state.focus); },
      " ": () => { if (state.focus !== null) fold(lanes[state.focus].group); },
      "[": () => step(-1), "]": () => step(1), ",": () => step(-1), ".": () => step(1),
      "Escape": () => { state.selected.clear(); sayMoment(); redraw(); },
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  // ---- Tools ----

  let spacer = null;
  function build() {
    stage.hidden = false;
    document.getElementById("still").style.display = "none";
    overview = element("canvas", { id: "overview", "aria-hidden": "true" });
    canvas = element("canvas", { "aria-hidden": "true" });
    spacer = element("div");
    view = element("div", {
      id: "lanes", tabindex: "0", role: "application", "aria-label":
        "Timeline. Plus and minus zoom, A and D pan, left and right move the cursor, brackets go to the last and next "
        + "change, up and down choose a lane, Enter selects it, Space folds its container, 0 shows all.",
    }, canvas, spacer);
    tip = element("div", { id: "tip", hidden: true });
    stage.append(overview, view, tip);
    const tools = document.getElementById("tools");
    tools.hidden = false;
    status = element("span", { class: "hint", id: "status" });
    const types = D.types.map((name, type) => button(name, `Show the ${name} namespaces`, (event) => {
      const on = state.types.includes(type);
      if (on && state.types.length === 1) return;
      state.types = on ? state.types.filter((one) => one !== type) : [...state.types, type].sort((a, b) => a - b);
      event.target.setAttribute("aria-pressed", String(!on));
      relay();
      sayMoment();
      saveLink();
    }, String(state.types.includes(type))));
    tools.append(...types, element("span", { class: "spring" }), status,
      button("+", "Zoom in (+)", () => zoom(0.5, state.cursor)),
      button("−", "Zoom out (-)", () => zoom(2, state.cursor)),
      button("All", "Show all of the time (0)", () => show(0, LENGTH)),
      button("‹", "The change before ([)", () => step(-1)), button("›", "The next change (])", () => step(1)),
      button("Height", "Switch between tall and flat lanes", () => {
        state.tall = !isTall();
        relay();
      }));
    pointer();
  }

  // ---- Tables ----

  const PAGE = 200;
  const collator = new Intl.Collator("en", { numeric: true });
  function csvField(text) { return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text; }
  function tables() {
    for (const data of D.tables) {
      const section = document.getElementById("t-" + data.id);
      if (section) enhance(section, data);
    }
  }
  function enhance(section, data) {
    const body = section.querySelector("tbody");
    const heads = [...section.querySelectorAll("th")];
    const titles = heads.map((head) => head.textContent);
    const cut = section.querySelector(".cut");
    if (cut) cut.remove();
    let order = null;
    let words = "";
    let limit = PAGE;
    const count = element("span", { class: "hint" });
    const more = button("Show more rows", "", () => { limit += 5 * PAGE; fill(); });
    const texts = data.rows.map((row) => row[0].join("\u0000").toLowerCase());
    function found() {
      const wanted = words.toLowerCase().split(/\s+/).filter((word) => word);
      const list = data.rows.map((row, index) => index)
        .filter((index) => wanted.every((word) => texts[index].includes(word)));
      if (order) {
        list.sort((a, b) => order.sign
          * (collator.compare(data.rows[a][0][order.column], data.rows[b][0][order.column]) || a - b));
      }
      return list;
    }
    function fill() {
      const list = found();
      body.replaceChildren(...list.slice(0, limit).map((index) => {
        const [cells, time, lane, namespace, group] = data.rows[index];
        const line = element("tr");
        cells.forEach((text, column) => {
          const isLink = column === 0 && (time !== null || namespace !== null || group !== null);
          line.append(element("td", { class: text.length > 34 ? "long" : null }, isLink ? element("a", {
            href: time === null ? "#" : "#t=" + utcText(time),
            onclick: (event) => {
              event.preventDefault();
              go(time, lane, namespace, group);
            },
          }, text || "–") : text));
        });
        return line;
      }));
      count.textContent = list.length === data.rows.length ? "" : `${list.length} of ${data.rows.length}`;
      more.hidden = list.length <= limit;
    }
    heads.forEach((head, column) => {
      head.replaceChildren(element("button", {
        type: "button", title: "Sort by this column", onclick: () => {
          const sign = order && order.column === column ? -order.sign : 1;
          order = { column, sign };
          heads.forEach((one) => one.removeAttribute("aria-sort"));
          head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
          fill();
        },
      }, titles[column]));
    });
    const tools = section.querySelector(".table-tools");
    tools.hidden = false;
    const search = element("input", {
      type: "search", placeholder: "Search", "aria-label": "Search this table",
      oninput: (event) => { words = event.target.value; limit = PAGE; fill(); },
    });
    const copy = button("Copy as CSV", "Copy the rows that are found", async () => {
      const lines = [titles, ...found().map((index) => data.rows[index][0])];
      const text = lines.map((line) => line.map(csvField).join(",")).join("\r\n") + "\r\n";
      copy.textContent = await copyText(text) ? "Copied" : "Not permitted";
      setTimeout(() => { copy.textContent = "Copy as CSV"; }, 1500);
    });
    tools.append(search, copy, count);
    section.append(more);
    fill();
  }
  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = element("textarea", {}, text);
      document.body.append(area);
      area.select();
      const isDone = document.execCommand("copy");
      area.remove();
      return isDone;
    }
  }
  /** Goes to the place in the picture that a row is about. */
  function go(time, lane, namespace, group) {
    if (!view) return;
    if (group !== null) viewGroup(group);
    if (namespace !== null) return viewNamespace(namespace);
    if (lane !== null) {
      if (state.only && !state.only.has(lane)) state.only = null;
      state.folded.delete(lanes[lane].group);
      state.focus = lane;
      relay();
      const row = rows.find((one) => one.lane && one.lane.index === lane);
      if (row) view.scrollTop = Math.max(0, row.y - 60);
    }
    if (time !== null) setCursor(time);
    if (group === null) stage.scrollIntoView({ block: "nearest" });
  }

  // ---- Start ----

  if (stage && lanes.length) {
    if (!readLink()) {
      state.cursor = inside(firstMoment());
    }
    if (!state.selected.size) selectNamed();
    build();
    layOut();
    relay();
    draw();
    performance.mark("picture");
    sayMoment();
  }
  tables();
  // For tests, and for whoever wants to ask the page from its console.
  window.nshist = {
    lanes: lanes.map((lane) => ({ number: lane.number, name: lane.name, first: lane.first, last: lane.last })),
    length: LENGTH, base: D.base, show, draw, setCursor, state, utcText,
    verdict: (indices, time) => verdict(indices.map((index) => lanes[index]), time),
  };
})();
