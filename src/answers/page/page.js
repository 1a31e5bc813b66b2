// Draws the report: the timeline, a table for each list, the map of coverage. All that logs hold gets into the page as text, by `el`
// and `written`; the policy of the page refuses markup made of text.
"use strict";
(() => {
  const ROWS_AT_FIRST = 12;
  const ROWS_MORE = 100;
  const ROWS_PRINTED = 50;
  const FILTER_FROM_ROWS = 6;
  const CLIP_CHARS = 180;
  const WHOLE_CHARS = 20;
  const PLACES_AT_FIRST = 40;
  const GAP_HOURS_FRAMED = 12;
  const DAYS_FILLED_MAX = 400;
  const CHAINS_TOOLS = 12;
  const CHAINS_CALLS = 6;
  const HUES = 8;
  const TIP_SERIES = 12;
  const BUCKETS_MIN = 4;

  const report = unpack(JSON.parse(document.getElementById("data").textContent));
  const redrawn = []; // what has to be drawn anew when colours change
  const printed = []; // what is shown at length on paper: each gives back how it was
  let timeline = null; // what shows a stretch of time on the timeline

  // ---- Data ----

  /** The lists, which the file has by column, by row; and texts in them that come again, by their number. */
  function unpack(value, texts = value.texts) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
    if (Array.isArray(value.columns)) {
      const row = (cells) => Object.fromEntries(value.columns.map((name, i) => [name, Array.isArray(cells[i]) ? texts[cells[i][0]] : cells[i]]));
      return { ...value, rows: value.rows.map(row) };
    }
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, unpack(field, texts)]));
  }

  function sum(list) {
    return list.reduce((total, count) => total + count, 0);
  }

  /** Groups rows by a key, largest sum first. */
  function grouped(rows, key, count) {
    const groups = new Map();
    for (const row of rows) {
      const group = groups.get(key(row)) ?? { rows: [], count: 0 };
      group.rows.push(row);
      group.count += count(row);
      groups.set(key(row), group);
    }
    return [...groups.values()].sort((a, b) => b.count - a.count);
  }

  // ---- Text ----

  function number(count) {
    return count.toLocaleString("en-US");
  }

  function plural(count, one, many = `${one}s`) {
    return `${number(count)} ${count === 1 ? one : many}`;
  }

  function compact(count) {
    return count < 100000 ? number(count) : count.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 3 });
  }

  function decimal(value) {
    const digits = value >= 100 ? 0 : value >= 1 ? 1 : 2;
    return value.toLocaleString("en-US", { maximumFractionDigits: digits });
  }

  function percent(share) {
    const value = share * 100;
    return value > 0 && value < 0.1 ? "< 0.1%" : `${value.toFixed(1)}%`;
  }

  /** 2026-08-01T12:34:56.789Z as 2026-08-01 12:34:56. */
  function moment(text) {
    return text.slice(0, 19).replace("T", " ");
  }

  function minute(seconds) {
    return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
  }

  function span(seconds) {
    const units = [[86400, "day"], [3600, "hour"], [60, "minute"]];
    const [size, name] = units.find(([size]) => seconds >= size) ?? [1, "second"];
    const value = Math.round((seconds / size) * 10) / 10;
    return plural(value, name);
  }

  /** What would hide or reorder other text, as in `escape.rs`. */
  const HIDDEN = new RegExp(
    "[\\p{Cc}\\u{ad}\\u{34f}\\u{61c}\\u{115f}\\u{1160}\\u{17b4}\\u{17b5}\\u{180b}-\\u{180f}\\u{200b}-\\u{200f}\\u{2028}-\\u{202e}" +
      "\\u{2060}-\\u{206f}\\u{3164}\\u{fe00}-\\u{fe0f}\\u{feff}\\u{ffa0}\\u{fff0}-\\u{fffb}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}\\p{Cs}]",
    "gu",
  );

  function printable(text) {
    return text.replace(HIDDEN, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
  }

  // ---- Elements ----

  /** An element with a class, attributes, and children: elements or text. */
  function el(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  function button(label, press, attributes) {
    const made = el("button", { type: "button", ...attributes }, label);
    made.addEventListener("click", press);
    return made;
  }

  function section(id) {
    return document.getElementById(id);
  }

  /** Draws the answer to a question; one that was not asked has no section. */
  function answer(id, draw) {
    if (report[id]) return draw(section(id));
    section(id).remove();
    document.querySelector(`nav a[href="#${id}"]`).parentElement.remove();
  }

  /** Text of a log, apart from what stands around it; it may break behind its separators, and somewhere where it has none for long. */
  function isolated(text) {
    if (text.length <= WHOLE_CHARS) return el("bdi", { class: "whole" }, text);
    const parts = text.match(/[^/:,;_ ]{0,31}[/:,;_ ]+|[^/:,;_ ]{1,32}/gu) ?? [];
    return el("bdi", null, ...parts.flatMap((part, i) => (i ? [el("wbr"), part] : [part])));
  }

  /** Text of a log, clipped where it is long, with a button that shows the rest. */
  function written(text) {
    const whole = printable(text);
    if (whole.length <= CLIP_CHARS) return isolated(whole);
    const clipped = `${[...whole.slice(0, CLIP_CHARS)].slice(0, -20).join("")}…`;
    let shown = isolated(clipped);
    const more = button("more", () => {
      const isMore = more.getAttribute("aria-expanded") === "false";
      const other = isolated(isMore ? whole : clipped);
      shown.replaceWith(other);
      shown = other;
      more.setAttribute("aria-expanded", isMore);
      more.textContent = isMore ? "less" : "more";
    }, { class: "plain", "aria-expanded": "false", title: `${number(whole.length)} characters` });
    return el("span", null, shown, " ", more);
  }

  function nil(says = "none") {
    return el("span", { class: "nil" }, el("span", { "aria-hidden": "true" }, "–"), el("span", { class: "unseen" }, says));
  }

  // ---- Theme ----

  function theme() {
    const root = document.documentElement;
    const asked = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme ?? (asked.matches ? "dark" : "light")) === "dark";
    const toggle = document.getElementById("theme");
    const show = () => {
      toggle.textContent = isDark() ? "Light" : "Dark";
      toggle.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`);
      redrawn.forEach((redraw) => redraw());
    };
    toggle.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      show();
    });
    asked.addEventListener("change", show);
    toggle.hidden = false;
    show();
  }

  /** The colour that a name of the style stands for now. */
  function colour(name) {
    const probe = document.body;
    const before = probe.style.outlineColor;
    probe.style.outlineColor = `var(--${name})`;
    const found = getComputedStyle(probe).outlineColor;
    probe.style.outlineColor = before;
    return found;
  }

  // ---- Commands ----

  function copyButtons() {
    for (const line of document.querySelectorAll(".look")) {
      const code = line.querySelector("code");
      const copy = button("Copy", async () => {
        try {
          await navigator.clipboard.writeText(code.textContent);
          copy.textContent = "Copied";
        } catch {
          // No clipboard here: what is selected can be copied by hand.
          getSelection().selectAllChildren(code);
          copy.textContent = "Selected";
        }
        setTimeout(() => (copy.textContent = "Copy"), 2000);
      }, { "aria-label": "Copy the command" });
      line.prepend(copy);
    }
  }

  // ---- Columns of tables ----
  //
  // `value` is what a column is sorted and filtered by, `show` what its cell holds.

  function text(name, label, width = "") {
    const value = (row) => row[name];
    return { label, kind: `text ${width}`, value, show: (row) => (value(row) === null ? nil() : written(String(value(row)))) };
  }

  /** A service: what all their names end with stands back. */
  function source(name, label) {
    const suffix = ".amazonaws.com";
    const show = (row) => {
      const whole = row[name];
      if (whole === null) return nil();
      if (!whole.endsWith(suffix) || whole.length > 60) return written(whole);
      return el("bdi", null, printable(whole.slice(0, -suffix.length)), el("wbr"), el("span", { class: "suffix" }, suffix));
    };
    return { label, kind: "text", value: (row) => row[name], show };
  }

  function count(name, label, hasBar = false) {
    const value = (row) => row[name];
    const show = (row) => (value(row) === null ? nil() : value(row) === 0 ? el("span", { class: "nil" }, "0") : number(value(row)));
    return { label, kind: hasBar ? "right bar" : "right", hasBar, isNumber: true, value, show };
  }

  function rate(name, label) {
    const show = (row) => (row[name] === null ? nil() : decimal(row[name]));
    return { label, kind: "right", isNumber: true, value: (row) => row[name], show };
  }

  function share(name, label) {
    return { label, kind: "right", isNumber: true, value: (row) => row[name], show: (row) => percent(row[name]) };
  }

  function time(name, label) {
    const show = (row) => (row[name] === null ? nil() : el("time", { datetime: row[name] }, moment(row[name])));
    return { label, kind: "time", value: (row) => row[name], show };
  }

  /** A column of few words of our own; `tone` makes some stand out. */
  function word(label, value, tone = () => "") {
    const show = (row) => {
      const found = value(row);
      if (found === null) return nil("not known");
      return tone(found) ? el("span", { class: `word ${tone(found)}` }, found) : found;
    };
    return { label, kind: "short", value, show };
  }

  function flag(name, label, yes = "yes", no = "no") {
    return word(label, (row) => (row[name] === null ? null : row[name] ? yes : no));
  }

  const who = text("principal", "Principal", "broad");
  const service = source("event_source", "Service");
  const action = text("event_name", "Action");
  const server = text("mcp_server", "Server");
  const tool = text("mcp_tool", "Tool");
  const address = text("source_ip_address", "Address");
  const account = text("recipient_account_id", "Account");
  const agent = text("user_agent", "User agent", "broadest");
  const channel = text("mcp_channel", "Channel");
  const events = count("events", "Events", true);
  const errors = count("errors", "Errors");
  const first = time("first_event_time", "First");
  const last = time("last_event_time", "Last");
  const outcome = word("Outcome", (row) => row.outcome, (found) => (found === "failure" ? "warn" : ""));
  const secondFactor = flag("mfa_used", "Second factor");
  const denial = flag("is_denial", "Denied");
  const access = word(
    "Access",
    (row) => (row.is_deletion ? "deletes" : row.read_only === null ? null : row.read_only ? "reads" : "writes"),
    (found) => (found === "deletes" ? "bad" : found === "writes" ? "warn" : ""),
  );

  // ---- Tables ----

  /**
   * A table of a list `{rows, left_out}`, sortable, filterable, a few rows `atFirst`.
   * `id` is the list's path in the document, to which findings link.
   */
  function table({ id, title, says, list, columns, heading = "h3", atFirst }) {
    const state = { rows: list.rows, sorted: null, isDown: false, filter: "", shown: atFirst ?? ROWS_AT_FIRST };
    const body = el("tbody");
    const under = el("div", { class: "under" });
    const live = el("output", null, number(list.rows.length));
    const titleId = `${id}-title`;
    const maxima = columns.map((column) => (column.hasBar ? tallest(list.rows.map(column.value)) : 0));

    const cell = (row, column, i) => {
      const td = el("td", { class: column.kind }, column.show(row));
      if (maxima[i] > 0) td.style.backgroundSize = `${(100 * column.value(row)) / maxima[i]}% 1.35em`;
      return td;
    };
    const fill = () => {
      const rows = state.rows.slice(0, state.shown);
      body.replaceChildren(...rows.map((row) => el("tr", null, ...columns.map((column, i) => cell(row, column, i)))));
      if (state.rows.length === 0) body.append(el("tr", null, el("td", { colspan: columns.length, class: "nil" }, "No row holds this text.")));
      foot();
    };
    const foot = () => {
      const hidden = state.rows.length - state.shown;
      const show = (more) => {
        const from = Math.min(state.shown, state.rows.length);
        state.shown += more;
        fill();
        // The button may be gone: what it showed is where the reader goes on.
        scroll.focus({ preventScroll: true });
        body.rows[from]?.scrollIntoView({ block: "nearest" });
      };
      under.replaceChildren();
      if (hidden > 0) {
        under.append(el("span", null, `${number(hidden)} more ${hidden === 1 ? "row" : "rows"}`));
        if (hidden > ROWS_MORE) under.append(button(`Show ${ROWS_MORE} more`, () => show(ROWS_MORE), { "aria-label": `Show ${ROWS_MORE} more rows of: ${title}` }));
        under.append(button("Show all", () => show(hidden), { "aria-label": `Show all rows of: ${title}` }));
      }
      if (list.left_out > 0) under.append(el("span", null, leftOut(list)));
    };
    const arrange = () => {
      const wanted = state.filter.toLowerCase();
      state.rows = wanted ? list.rows.filter((row) => searched(row, columns).includes(wanted)) : [...list.rows];
      if (state.sorted) state.rows.sort(order(state.sorted, state.isDown));
      live.textContent = wanted ? `${number(state.rows.length)} of ${number(list.rows.length)}` : number(list.rows.length);
      fill();
    };
    // First by its natural order, then the other way round, then as the report has it.
    const sort = (column) => {
      if (state.sorted !== column) [state.sorted, state.isDown] = [column, Boolean(column.isNumber)];
      else if (state.isDown === Boolean(column.isNumber)) state.isDown = !state.isDown;
      else state.sorted = null;
      heads.forEach((head, i) => {
        if (columns[i] === state.sorted) head.setAttribute("aria-sort", state.isDown ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      arrange();
    };
    const heads = columns.map((column) =>
      el("th", { scope: "col", class: column.kind }, column.isAction ? el("span", { class: "unseen" }, column.label) : button(column.label, () => sort(column))));

    const filter = el("input", { type: "search", "aria-label": `Filter: ${title}`, autocomplete: "off", spellcheck: "false" });
    filter.addEventListener("input", () => {
      state.filter = filter.value;
      arrange();
    });
    const rowsOf = el("span", null, live, list.rows.length === 1 ? " row" : " rows");
    const controls = list.rows.length < FILTER_FROM_ROWS ? null : el("div", { class: "filter" }, rowsOf, el("label", null, "Filter ", filter));
    const scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": titleId },
      el("table", null, el("caption", { class: "unseen" }, `${title}. ${says}`), el("thead", null, el("tr", null, ...heads)), body));
    live.setAttribute("aria-live", "polite");
    fill();
    // A table that is told how many rows to show is made anew for paper.
    if (atFirst === undefined) printed.push(() => {
      const before = state.shown;
      state.shown = Math.max(before, ROWS_PRINTED);
      fill();
      return () => {
        state.shown = before;
        fill();
      };
    });
    return el("div", { class: "table", id }, el("div", { class: "top" },
      el("div", null, el(heading, { id: titleId }, title), el("p", { class: "says" }, says)), controls), scroll, under);
  }

  function leftOut({ left_out, total }) {
    const sentence = `And ${plural(left_out, "more row")} that ${left_out === 1 ? "is" : "are"} not in this report`;
    return total ? `${sentence}; with ${left_out === 1 ? "it" : "them"}, ${number(total)} in all.` : `${sentence}.`;
  }

  /** What bars are measured by: the largest of the numbers; 0 where they are all the same, and bars would tell nothing. */
  function tallest(numbers) {
    const most = Math.max(...numbers);
    return most > Math.min(...numbers) ? most : 0;
  }

  /** What the filter looks in: all cells as they are shown. */
  function searched(row, columns) {
    const shown = (value) => (typeof value === "number" ? `${value} ${number(value)}` : value === null ? "" : printable(String(value)));
    return columns.filter((column) => !column.isAction).map((column) => `${shown(column.value(row))}${column.kind === "time" ? moment(column.value(row) ?? "") : ""}`).join("\n").toLowerCase();
  }

  /** Unknown values come last, whichever way. */
  function order(column, isDown) {
    const sign = isDown ? -1 : 1;
    return (a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (column.isNumber ? x - y : String(x) < String(y) ? -1 : String(x) > String(y) ? 1 : 0);
    };
  }

  /** Appends a table for each list that has rows, and says of the others that there is nothing. */
  function tables(into, specs) {
    const isFull = (spec) => spec.list.rows.length > 0;
    const full = specs.filter(isFull).map(table);
    into.append(...full);
    const none = specs.filter((spec) => !isFull(spec)).map((spec) => el("li", { id: spec.id }, `${spec.title}: ${spec.none ?? "none"}.`));
    if (none.length) into.append(el("ul", { class: "nothing" }, ...none));
  }

  function figures(into, pairs) {
    into.append(el("dl", { class: "totals" }, ...pairs.map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, number(value))))));
  }

  // ---- Timeline ----

  function drawTimeline(into) {
    const { start, bucket_seconds: width, buckets, series } = report.timeline;
    if (start === null || buckets === 0) {
      into.append(el("p", { class: "empty" }, "There is no event in this time."));
      return;
    }
    const begin = Date.parse(start) / 1000;
    const at = (bucket) => begin + bucket * width;
    // The last bucket has a width too: so there is one point more than buckets.
    const times = Array.from({ length: buckets + 1 }, (_, i) => at(i));
    const lines = series.map((line, i) => styled(line, series.slice(0, i).filter((other) => other.kind === line.kind).length));
    const burstsOf = (answers, isRefused) =>
      (answers?.bursts.rows ?? []).map((burst) => ({ ...burst, isRefused, from: Date.parse(burst.start) / 1000, to: Date.parse(burst.end) / 1000 }));
    const bursts = [...burstsOf(report.rate, false), ...burstsOf(report.refused, true)];
    const state = { from: 0, to: buckets, isLog: false };

    into.append(el("p", { class: "lead how" },
      `Events in buckets of ${span(width)}. Drag over the chart to zoom, double-click for the whole; or use the buttons, the two sliders, or the keys named below.`));
    into.append(choices(lines, () => {
      chart.shown();
      open(details.open, ROWS_AT_FIRST);
    }));
    const plot = el("div", { class: "plot" });
    const overview = el("div", { class: "overview", "aria-hidden": "true" });
    const tip = el("div", { class: "tip", hidden: true, "aria-hidden": "true" });
    const stage = el("div", { class: "chart", tabindex: "0", role: "application", "aria-label": "Timeline", "aria-describedby": "timeline-keys timeline-shown" }, plot, tip, overview);
    const spoken = el("div", { class: "unseen", role: "status" });
    into.append(stage, spoken);

    const chart = drawChart({ plot, overview, tip, times, lines, bursts, state, width, buckets, at, zoom });
    const shownText = el("output", { class: "shown", id: "timeline-shown" });
    const sliders = ["from", "to"].map((end) => {
      const input = el("input", { type: "range", min: 0, max: buckets, step: 1 });
      input.addEventListener("input", () => {
        const value = Number(input.value);
        if (end === "from") zoom(Math.min(value, state.to - BUCKETS_MIN), state.to);
        else zoom(state.from, Math.max(value, state.from + BUCKETS_MIN));
      });
      return input;
    });
    const scaleChoice = el("input", { type: "checkbox" });
    scaleChoice.addEventListener("change", () => {
      state.isLog = scaleChoice.checked;
      chart.rebuild();
    });
    into.append(el("div", { class: "range" },
      el("div", { class: "buttons" },
        button("Zoom in", () => scale(0.5)), button("Zoom out", () => scale(2)),
        button("Earlier", () => move(-0.5)), button("Later", () => move(0.5)), button("Whole", () => zoom(0, buckets))),
      el("label", null, "From", sliders[0]), el("label", null, "To", sliders[1])));
    into.append(el("p", { class: "key" }, shownText,
      el("label", null, scaleChoice, " Logarithmic"),
      ...(bursts.some((burst) => !burst.isRefused) ? [el("span", null, el("i", { class: "mark" }), "burst")] : []),
      ...(bursts.some((burst) => burst.isRefused) ? [el("span", null, el("i", { class: "mark refused" }), "burst of refusals")] : []),
      el("span", { id: "timeline-keys" }, "Keys on the chart: ← → a bucket, with Shift a day; + − zoom; Esc the whole.")));

    const byDay = el("div");
    const details = el("details", null, el("summary", null, "The timeline as a table, by day"), byDay);
    const open = (isOpen, rows) => {
      details.open = isOpen;
      byDay.replaceChildren(...(isOpen ? [dayTable(rows)] : []));
    };
    details.firstChild.addEventListener("click", (event) => {
      event.preventDefault();
      open(!details.open, ROWS_AT_FIRST);
    });
    into.append(details);
    printed.push(() => {
      const before = details.open;
      open(true, ROWS_PRINTED);
      return () => open(before, ROWS_AT_FIRST);
    });

    keys();
    timeline = {
      show(from, to) {
        const margin = Math.max(8, (to - from) / width);
        zoom(Math.floor((from - begin) / width - margin), Math.ceil((to - begin) / width + margin));
        into.scrollIntoView();
        stage.focus({ preventScroll: true });
      },
    };
    zoom(0, buckets);

    function zoom(from, to) {
      const size = Math.min(buckets, Math.max(BUCKETS_MIN, Math.round(to - from)));
      state.from = Math.max(0, Math.min(Math.round(from), buckets - size));
      state.to = state.from + size;
      chart.range();
      [state.from, state.to].forEach((value, i) => {
        sliders[i].value = value;
        sliders[i].setAttribute("aria-valuetext", minute(at(value)));
      });
      shownText.textContent = `${minute(at(state.from))} to ${minute(at(state.to))} UTC · ${span(size * width)}`;
      for (const line of lines) line.sumText.textContent = compact(sum(line.events.slice(state.from, state.to)));
    }

    function scale(factor) {
      const middle = (state.from + state.to) / 2;
      const half = ((state.to - state.from) * factor) / 2;
      zoom(middle - half, middle + half);
    }

    function move(part) {
      const step = (state.to - state.from) * part;
      zoom(state.from + step, state.to + step);
    }

    function keys() {
      let cursor = null;
      const steps = { ArrowLeft: -1, ArrowRight: 1 };
      stage.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (steps[event.key]) {
          const step = steps[event.key] * (event.shiftKey ? Math.max(1, Math.round(86400 / width)) : 1);
          cursor = cursor === null ? state.from : Math.max(0, Math.min(buckets - 1, cursor + step));
          if (cursor < state.from || cursor >= state.to) zoom(cursor - (state.to - state.from) / 2, cursor + (state.to - state.from) / 2);
          spoken.textContent = chart.point(cursor);
        } else if (event.key === "+" || event.key === "=") scale(0.5);
        else if (event.key === "-") scale(2);
        else if (event.key === "Escape") zoom(0, buckets);
        else return;
        event.preventDefault();
      });
      stage.addEventListener("blur", () => {
        cursor = null;
        chart.unpoint();
      });
    }

    function dayTable(atFirst) {
      const on = lines.filter((line) => line.isOn);
      const days = new Map();
      for (let bucket = 0; bucket < buckets; bucket++) {
        const day = minute(at(bucket)).slice(0, 10);
        const row = days.get(day) ?? { day };
        on.forEach((line, i) => (row[`s${i}`] = (row[`s${i}`] ?? 0) + line.events[bucket]));
        days.set(day, row);
      }
      const day = { label: "Day", kind: "time", value: (row) => row.day, show: (row) => row.day };
      const columns = [day, ...on.map((line, i) => count(`s${i}`, printable(line.label), i === 0))];
      const list = { rows: [...days.values()], left_out: 0 };
      return table({ id: "timeline.days", title: "By day", says: "Events of each day (UTC), of the series that are chosen above.", list, columns, atFirst });
    }
  }

  /** How a series looks, and whether it is shown at first. */
  function styled(line, nth) {
    const rest = { all: "all", errors: "errors", agents: "agents" }[line.kind] ?? (nth < HUES ? `c${nth}` : "rest");
    const label = { all: "All events", errors: "Errors", agents: "Agents" }[line.kind] ?? line.name ?? "not known";
    const dashes = line.kind === "principal" ? (nth < HUES ? [6, 3] : [2, 3]) : nth < HUES ? null : [2, 3];
    return {
      ...line, label, dashes,
      colourName: rest,
      colour: "",
      isOn: ["all", "errors", "agents"].includes(line.kind),
      sumText: el("span", { class: "sum" }),
    };
  }

  /** A name with what tells it from others at its begin, where there is little room. */
  function brief(name) {
    return name.replace(/\.amazonaws\.com$/, "")
      .replace(/^arn:aws[\w-]*:(?:iam|sts)::(\d+):(?:assumed-role|role|user)\/(.*)/, "$2 $1")
      .replace(/^arn:aws[\w-]*:bedrock-agentcore:([\w-]+):(\d+):gateway\/(.*)/, "$3 $1 $2");
  }

  function swatch(line) {
    const made = el("span", { class: `swatch ${line.dashes === null ? "" : line.dashes[0] > 2 ? "dashed" : "dotted"}`, "aria-hidden": "true" });
    made.style.borderTopColor = `var(--${line.colourName})`;
    return made;
  }

  /** Check boxes of the series. */
  function choices(lines, changed) {
    const groups = [["Totals", (line) => ["all", "errors", "agents"].includes(line.kind)], ["Services", (line) => line.kind === "service"], ["Principals", (line) => line.kind === "principal"]];
    const made = groups.map(([title, isIn]) => {
      const of = lines.filter(isIn);
      if (of.length === 0) return null;
      const labels = of.map((line) => {
        const box = el("input", { type: "checkbox" });
        box.checked = line.isOn;
        box.addEventListener("change", () => {
          line.isOn = box.checked;
          changed();
        });
        const name = printable(line.label);
        return el("label", null, box, swatch(line), el("bdi", { class: "name", title: name }, brief(name)), line.sumText);
      });
      return el("fieldset", null, el("legend", null, title), el("div", { class: `choices ${title === "Totals" ? "single" : ""}` }, ...labels));
    });
    return el("div", { class: "series" }, ...made.filter(Boolean));
  }

  function drawChart({ plot, overview, tip, times, lines, bursts, state, width, buckets, at, zoom }) {
    const data = [times, ...lines.map((line) => [...line.events, line.events.at(-1)])];
    const all = Math.max(0, lines.findIndex((line) => line.kind === "all"));
    const linear = uPlot.paths.linear();
    const stepped = uPlot.paths.stepped({ align: 1 });
    let main, small, pointed = null;
    paint();
    redrawn.push(() => {
      paint();
      main.redraw(false);
      small.redraw(false);
    });
    rebuild();
    new ResizeObserver(fit).observe(plot);
    printed.push(() => {
      const theme = document.documentElement.dataset.theme;
      document.documentElement.dataset.theme = "light";
      paint();
      main.setSize({ width: 980, height: 270 });
      return () => {
        if (theme === undefined) delete document.documentElement.dataset.theme;
        else document.documentElement.dataset.theme = theme;
        paint();
        fit();
      };
    });
    return { range, rebuild, shown, point, unpoint };

    function paint() {
      for (const line of lines) line.colour = colour(line.colourName);
      for (const name of ["all-fill", "muted", "rule", "burst", "burst-edge", "refused-edge"]) paint[name] = colour(name);
    }

    function rebuild() {
      main?.destroy();
      small?.destroy();
      main = new uPlot(options(), data, plot);
      small = new uPlot(overviewOptions(), [times, data[all + 1]], overview);
      // Behind the charts' own, which sets their scales.
      queueMicrotask(range);
    }

    function options() {
      const axis = { stroke: () => paint.muted, grid: { stroke: () => paint.rule, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
      return {
        width: plot.clientWidth || 600, height: plot.clientHeight || 300,
        legend: { show: false },
        padding: [10, 44, 0, 0],
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => (zoom(0, buckets), null) } },
        scales: {
          x: { time: true, range: () => [at(state.from), at(state.to)] },
          y: { distr: state.isLog ? 4 : 1, asinh: 1, range: (_, low, high) => [0, Math.max(1, high * (state.isLog ? 1.3 : 1.06))] },
        },
        axes: [
          { ...axis, values: dates, space: 70, grid: { show: false }, ticks: { show: true, stroke: () => paint.rule, width: 1, size: 5 } },
          { ...axis, size: 58, splits: state.isLog ? powers : undefined, values: (_, splits) => splits.map((value) => (value % 1 ? "" : number(value))) },
        ],
        series: [{}, ...lines.map((line, i) => ({
          show: line.isOn,
          stroke: () => line.colour,
          fill: i === all ? () => paint["all-fill"] : undefined,
          width: i === all ? 1.2 : 1.6,
          dash: line.dashes ?? undefined,
          points: { show: false },
          paths: steps,
        }))],
        hooks: { drawClear: [drawBursts], setCursor: [pointer], setSelect: [dragged] },
      };
    }

    function overviewOptions() {
      return {
        width: plot.clientWidth || 600, height: 40, legend: { show: false },
        padding: [2, 44, 0, 0],
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
        scales: { x: { time: true, range: () => [at(0), at(buckets)] }, y: { range: (_, low, high) => [0, Math.max(1, high)] } },
        axes: [{ show: false }, { show: true, size: 58, stroke: () => "transparent", grid: { show: false }, ticks: { show: false } }],
        series: [{}, { stroke: () => lines[all].colour, fill: () => paint["all-fill"], width: 1, points: { show: false } }],
        hooks: { setSelect: [dragged] },
      };
    }

    /** Steps where there is room for them, else the lowest and highest of each pixel. */
    function steps(u, line, from, to) {
      const path = to - from > u.over.clientWidth / 2 ? linear : stepped;
      return path(u, line, from, to);
    }

    /** Where a logarithmic axis has its lines. */
    function powers(u) {
      const { max } = u.scales.y;
      return [0, ...Array.from({ length: Math.max(1, Math.ceil(Math.log10(max))) }, (_, i) => 10 ** i)];
    }

    function dates(u, splits, _, space, step) {
      let day = "";
      return splits.map((seconds) => {
        const text = new Date(seconds * 1000).toISOString();
        const isNew = text.slice(0, 10) !== day;
        day = text.slice(0, 10);
        if (step >= 86400) return day;
        return isNew ? `${text.slice(11, 16)}\n${day}` : text.slice(11, 16);
      });
    }

    function drawBursts(u) {
      const { ctx, bbox } = u;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      for (const burst of bursts) {
        const left = u.valToPos(burst.from, "x", true);
        const wide = Math.max(3, u.valToPos(burst.to, "x", true) - left);
        const edge = burst.isRefused ? paint["refused-edge"] : paint["burst-edge"];
        if (burst.isRefused) hatch(ctx, left, bbox.top, wide, bbox.height, edge);
        else {
          ctx.fillStyle = paint.burst;
          ctx.fillRect(left, bbox.top, wide, bbox.height);
        }
        ctx.fillStyle = edge;
        ctx.fillRect(left, bbox.top, wide, 3 * devicePixelRatio);
        pennant(ctx, left + wide / 2, bbox.top, burst.isRefused);
      }
      ctx.restore();
    }

    /** What shows a burst where it is but a few pixels wide: a triangle, or a square where it is one of refusals. */
    function pennant(ctx, middle, top, isSquare) {
      const half = 5 * devicePixelRatio;
      ctx.beginPath();
      if (isSquare) ctx.rect(middle - half * 0.8, top, half * 1.6, half * 1.6);
      else {
        ctx.moveTo(middle - half, top);
        ctx.lineTo(middle + half, top);
        ctx.lineTo(middle, top + 1.8 * half);
      }
      ctx.fill();
    }

    function hatch(ctx, left, top, wide, high, ink) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, top, wide, high);
      ctx.clip();
      ctx.strokeStyle = ink;
      ctx.lineWidth = 1;
      ctx.setLineDash([]);
      ctx.globalAlpha = 0.45;
      ctx.beginPath();
      for (let x = left - high; x < left + wide; x += 7) {
        ctx.moveTo(x, top + high);
        ctx.lineTo(x + high, top);
      }
      ctx.stroke();
      ctx.restore();
    }

    function dragged(u) {
      const { left, width: wide } = u.select;
      if (wide < 3) return;
      const bucket = (x) => (u.posToVal(x, "x") - at(0)) / width;
      const [from, to] = [bucket(left), bucket(left + wide)];
      if (u === main) u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      zoom(Math.floor(from), Math.ceil(to));
    }

    function range() {
      if (!main) return;
      main.setScale("x", { min: at(state.from), max: at(state.to) });
      const left = small.valToPos(at(state.from), "x");
      const isWhole = state.to - state.from === buckets;
      small.setSelect({ left, width: isWhole ? 0 : Math.max(2, small.valToPos(at(state.to), "x") - left), top: 0, height: small.over.clientHeight }, false);
    }

    function shown() {
      lines.forEach((line, i) => main.setSeries(i + 1, { show: line.isOn }));
    }

    function fit() {
      if (!plot.clientWidth || (main.width === plot.clientWidth && main.height === plot.clientHeight)) return;
      main.setSize({ width: plot.clientWidth, height: plot.clientHeight });
      small.setSize({ width: plot.clientWidth, height: 40 });
      queueMicrotask(range);
    }

    function pointer(u) {
      const { left } = u.cursor;
      if (left === null || left === undefined || left < 0) {
        tip.hidden = true;
        return;
      }
      describe(pointed ?? highest(u, left), left);
    }

    /** The bucket that is meant: where many share a pixel, the highest of those near the pointer. */
    function highest(u, left) {
      const bucket = (x) => Math.max(state.from, Math.min(state.to - 1, Math.floor((u.posToVal(x, "x") - at(0)) / width)));
      const on = lines.filter((line) => line.isOn);
      const isDense = state.to - state.from > u.over.clientWidth / 2;
      let best = bucket(left);
      if (!isDense) return best;
      const height = (i) => Math.max(0, ...on.map((line) => line.events[i]));
      for (let i = bucket(left - 3); i <= bucket(left + 3); i++) if (height(i) > height(best)) best = i;
      return best;
    }

    function describe(bucket, left) {
      const on = lines.filter((line) => line.isOn);
      const largest = on.map((line) => [line, line.events[bucket]]).sort((a, b) => b[1] - a[1]).slice(0, TIP_SERIES);
      const here = bursts.filter((burst) => burst.from < at(bucket + 1) && burst.to > at(bucket));
      const rows = largest.flatMap(([line, value]) => [el("dd", { class: "swatch-cell" }, swatch(line)), el("dt", null, el("bdi", null, brief(printable(line.label)).slice(0, 80))), el("dd", null, number(value))]);
      const notes = here.slice(0, 3).map((burst) => el("p", null, `${burst.isRefused ? "Burst of refusals" : "Burst"}: `, el("bdi", null, burstName(burst).slice(0, 120)), `, ${plural(burst.events, "event")}`));
      const title = `${minute(at(bucket))} to ${minute(at(bucket + 1)).slice(11)} UTC`;
      tip.replaceChildren(el("strong", null, title), el("dl", null, ...rows), ...notes);
      tip.hidden = false;
      const base = main.over.offsetLeft + left;
      const room = plot.clientWidth - base;
      tip.style.left = room > tip.offsetWidth + 20 ? `${base + 14}px` : `${Math.max(0, base - tip.offsetWidth - 14)}px`;
      const values = largest.map(([line, value]) => `${printable(line.label)} ${number(value)}`);
      return [title, ...values, ...here.slice(0, 3).map((burst) => `burst: ${burstName(burst)}`)].join(", ");
    }

    /** Points at a bucket as the mouse would, and says what is there. */
    function point(bucket) {
      pointed = bucket;
      const left = main.valToPos(at(bucket + 0.5), "x");
      main.setCursor({ left, top: 10 });
      pointed = null;
      return describe(bucket, left);
    }

    function unpoint() {
      main.setCursor({ left: -10, top: -10 });
      tip.hidden = true;
    }
  }

  function burstName(burst) {
    const parts = burst.kind === "all" ? ["all events"] : [burst.principal, burst.event_source, burst.event_name];
    return printable(parts.filter((part) => part !== null).join(" · ")) || "not known";
  }

  function burstTable(id, title, says, list) {
    const kinds = { action: "action of a principal", principal: "principal", service: "service", all: "all" };
    const look = {
      label: "On the timeline", kind: "action", isAction: true, value: () => null,
      show: (row) => button("Show", () => timeline?.show(Date.parse(row.start) / 1000, Date.parse(row.end) / 1000), { "aria-label": `Show on the timeline: ${moment(row.start)}` }),
    };
    return {
      id, title, says, list,
      columns: [time("start", "From"), time("end", "To"), word("What", (row) => kinds[row.kind] ?? row.kind), who, service, action, events, count("peak", "Highest bucket"), rate("usual", "Usual"), rate("score", "Deviations"), look],
    };
  }

  // ---- What did the agents do? ----

  function drawAgents(into) {
    const { agents } = report;
    const isNothing = agents.channels.length === 0 && Object.values(agents).every((list) => Array.isArray(list) || list.rows.length === 0);
    if (isNothing) {
      into.append(el("p", { class: "empty" }, "No event came through MCP, and none claims that it did."));
      return;
    }
    const sure = flag("is_sure", "Known from", "AWS", "user agent only");
    const list = (rows) => ({ rows, left_out: 0 });
    tables(into, [
      { id: "agents.channels", title: "Channels", says: "The ways on which events came through MCP; what only a user agent says is a claim.", list: list(agents.channels),
        columns: [channel, sure, events, count("writes", "Writes"), count("deletions", "Deletions"), errors, first, last] },
    ]);
    drawChains(into, agents.chains);
    tables(into, [
      { id: "agents.chains", title: "Tool calls and their API calls", says: "What the tool calls say they led to, and how much of it is in the dataset.", list: agents.chains,
        columns: [server, tool, who, service, action, access, count("requests", "Requests", true), count("found", "Found"), errors] },
      { id: "agents.callers", title: "Callers", says: "Who called which tool of which server with which client.", list: agents.callers,
        columns: [who, text("mcp_client", "Client"), server, tool, text("mcp_method", "Method"), channel, count("calls", "Calls", true), count("failures", "Failures"), first, last] },
      { id: "agents.actions", title: "Actions", says: "The API actions that agents called.", list: agents.actions,
        columns: [service, action, access, who, channel, events, errors, first, last] },
      { id: "agents.resources", title: "Resources", says: "The resources that agents touched.", list: agents.resources,
        columns: [text("resource_arn", "Resource", "broad"), text("resource_type", "Type"), service, action, access, who, channel, events, errors, last] },
      { id: "agents.failures", title: "Failed tool calls", says: "Which tool calls failed, and why.", list: agents.failures,
        columns: [server, tool, channel, text("status_code", "HTTP"), text("jsonrpc_error_code", "JSON-RPC"), text("error_code", "Error"), text("message", "Message", "broadest"), count("calls", "Calls", true), first, last, text("event_id", "Last event")] },
      { id: "agents.principals", title: "Agents and people", says: "How much of a principal's activity came through agents.", list: agents.principals,
        columns: [who, count("by_agents", "By agents", true), count("writes_by_agents", "Writes by agents"), count("claimed", "Only claimed"), count("others", "Others", true)] },
      { id: "agents.unauthenticated", title: "Unauthenticated gateway calls", says: "Gateway calls with no JWT and no IAM identity.", list: agents.unauthenticated,
        columns: [server, tool, address, agent, count("calls", "Calls", true), count("failures", "Failures"), first, last] },
      { id: "agents.claims", title: "Claims", says: "Calls whose user agent names an MCP server, and nothing else does.", list: agents.claims,
        columns: [who, server, agent, service, action, events, first, last] },
    ]);
  }

  /** Tools, and below each the API calls it led to, with bars: the largest of both. */
  function drawChains(into, chains) {
    if (chains.rows.length === 0) return;
    const tools = grouped(chains.rows, (row) => JSON.stringify([row.mcp_server, row.mcp_tool]), (row) => row.requests).slice(0, CHAINS_TOOLS);
    const calls = tools.map((group) => grouped(group.rows, (row) => JSON.stringify([row.event_source, row.event_name]), (row) => row.requests));
    const most = Math.max(1, ...calls.flat().map((call) => call.count));
    const items = tools.map((group, i) => {
      const [{ mcp_server, mcp_tool }] = group.rows;
      const rest = calls[i].length - CHAINS_CALLS;
      return el("li", null,
        el("div", { class: "tool" }, named(mcp_tool, "tool not known"), el("span", null, mcp_server === null ? null : isolated(brief(printable(mcp_server))))),
        el("ul", null, ...calls[i].slice(0, CHAINS_CALLS).map((call) => chainCall(call, most)), rest > 0 ? el("li", null, el("span", { class: "nil" }, `and ${plural(rest, "more action")}`)) : null));
    });
    into.append(el("div", { class: "table" }, el("h3", null, "From tool to API"),
      el("p", { class: "says" }, `API calls that tool calls led to: the ${plural(tools.length, "tool")} with the most. Hatched: requests whose event is not in the dataset.`),
      el("ul", { class: "chains" }, ...items)));
  }

  function chainCall(call, most) {
    const [{ event_source, event_name }] = call.rows;
    const found = sum(call.rows.map((row) => row.found));
    const fill = el("div", { class: found > 0 ? "fill" : "fill lost" });
    fill.style.width = `${Math.max(1, (100 * call.count) / most)}%`;
    const name = event_name === null ? el("span", { class: "nil" }, "event not found") : isolated(printable(`${(event_source ?? "").replace(".amazonaws.com", "")}:${event_name}`));
    const failed = sum(call.rows.map((row) => row.errors));
    return el("li", null, el("span", { class: "call" }, name), el("div", { class: "track", "aria-hidden": "true" }, fill),
      el("span", { class: "figure" }, number(call.count)), el("span", { class: "word bad" }, failed > 0 ? plural(failed, "error") : ""));
  }

  function named(text, otherwise) {
    return text === null ? el("span", { class: "nil" }, otherwise) : isolated(printable(text));
  }

  // ---- Why did the bill or the call rate jump? ----

  function drawRate(into) {
    const { rate: answers } = report;
    const { baseline } = answers;
    into.append(el("p", { class: "lead", id: "rate.baseline" }, baseline === null
      ? "There is no time before to compare with: none was asked for, or it has no events. So nothing is called new here."
      : `Compared with ${moment(baseline.from)} to ${moment(baseline.to)} UTC: ${plural(baseline.events, "event")} in ${plural(Math.round(baseline.days * 10) / 10, "day")}.`));
    const before = baseline === null ? [] : [rate("baseline_per_day", "A day before")];
    const kinds = { principal: "principal", source_ip: "address", region: "region", service: "service" };
    const news = (answers.unseen_counts ?? []).filter(({ count }) => count > 0).map(({ kind, count }) => plural(count, kinds[kind], { source_ip: "addresses" }[kind]));
    tables(into, [
      { id: "rate.services", title: "Services", says: "Calls by service.", list: answers.services,
        columns: [service, events, share("share", "Share"), errors, rate("per_day", "A day"), ...before] },
    ]);
    drawBusiest(into, answers.busiest);
    tables(into, [
      { ...burstTable("rate.bursts", "Bursts", "When something was called much more often than usual; deviations are those of the highest bucket, in standard deviations.", answers.bursts) },
      { id: "rate.costs", title: "Calls that cost money", says: "Calls that succeeded and are billed; what they cost is not in the log.", list: answers.costs,
        columns: [service, action, text("billed", "Billed by"), who, count("calls", "Calls", true), rate("per_day", "A day"), ...before] },
      { id: "rate.unseen", title: "New", says: `What was not seen in the time before, and is on no list of what is known${news.length ? `: ${news.join(", ")}` : ""}.`, list: answers.unseen, none: baseline === null ? "not known without a time before" : "none",
        columns: [word("What", (row) => kinds[row.kind] ?? row.kind), text("value", "Which"), events, errors, first, last] },
      { id: "rate.actions", title: "Actions", says: "Calls by action.", list: answers.actions,
        columns: [service, action, access, events, errors] },
    ]);
  }

  function drawBusiest(into, busiest) {
    if (busiest === null) return;
    const part = (id, title, list, label) => ({ id: `rate.busiest.${id}`, title, says: `Its events by ${label.toLowerCase()}.`, list, heading: "h4", columns: [text("name", label), events, share("share", "Share")] });
    const side = el("div", { class: "side" });
    into.append(el("div", { class: "table", id: "rate.busiest" },
      el("h3", null, "The busiest service: ", named(busiest.event_source, "not known")), el("p", { class: "says" }, `${plural(busiest.events, "event")}, taken apart.`), side));
    tables(side, [
      part("event_names", "By action", busiest.event_names, "Action"),
      part("source_ips", "By address", busiest.source_ips, "Address"),
      part("principals", "By principal", busiest.principals, "Principal"),
    ]);
  }

  // ---- Who came in, and who failed to? ----

  function drawSignIns(into) {
    const { sign_ins: answers } = report;
    figures(into, [["Successes", answers.successes], ["Failures", answers.failures], ["Not known", answers.unknown]]);
    tables(into, [
      { id: "sign_ins.guessed", title: "Success behind failures", says: "Three failures or more from one address, and then a success within the hour.", list: answers.guessed,
        columns: [time("event_time", "Time"), text("who", "Who", "broad"), address, account, secondFactor, count("failures", "Failures before", true), time("first_failure", "First failure"), count("names_tried", "Names tried"), text("event_id", "Event")] },
      { id: "sign_ins.users", title: "Sign-ins", says: "By user, method, outcome, second factor and address.", list: answers.users,
        columns: [text("who", "Who", "broad"), text("method", "Method"), outcome, secondFactor, address, account, text("failure_reason", "Reason"), count("events", "Attempts", true), first, last] },
      { id: "sign_ins.root", title: "Root users", says: "What root users did.", list: answers.root,
        columns: [who, service, action, address, events, errors, first, last] },
      { id: "sign_ins.switched", title: "Role switches", says: "Role switches in the console.", list: answers.switched,
        columns: [text("from", "From"), text("to", "To"), text("event_name", "Action"), outcome, address, account, events, first, last] },
      { id: "sign_ins.new_identities", title: "New identities", says: "Identities, and ways to sign in, that were made.", list: answers.new_identities,
        columns: [text("event_name", "Action"), text("resource_arn", "Resource"), who, account, flag("is_error", "Failed"), events, first] },
    ]);
  }

  // ---- What was refused? ----

  function drawRefused(into) {
    const { refused } = report;
    if (refused.events === 0) {
      into.append(el("p", { class: "empty" }, "Nothing was refused: no event has an error code."));
      return;
    }
    into.append(el("p", { class: "lead" }, `${plural(refused.events, "event")} ${refused.events === 1 ? "has" : "have"} an error code.`));
    tables(into, [
      { id: "refused.codes", title: "Error codes", says: "By code; denied says that something was not allowed.", list: refused.codes,
        columns: [text("error_code", "Code"), denial, events, count("principals", "Principals")] },
      { id: "refused.actions", title: "Refused actions", says: "By principal and action.", list: refused.actions,
        columns: [who, service, action, text("error_code", "Code"), denial, events, first, last] },
      burstTable("refused.bursts", "Bursts of refusals", "When much more was refused than usual.", refused.bursts),
    ]);
  }

  // ---- How complete is this? ----

  function drawCoverage(into) {
    const { coverage } = report;
    figures(into, [
      ["Objects read", coverage.objects], ["Not read whole", coverage.unread], ["Digests", coverage.digests], ["Records written", coverage.written], ["Came again", coverage.redelivered],
      ["Filtered out", coverage.filtered], ["Rejected", coverage.rejected], ["Late objects", coverage.late_objects], ["Late events", coverage.late_events],
    ]);
    drawHeat(into, coverage.days);
    const place = [text("account_id", "Account"), text("region", "Region")];
    const reason = [text("reason", "Reason"), count("count", "Count", true), text("example", "Example")];
    tables(into, [
      { id: "coverage.gaps", title: "Gaps", says: "Hours without an object and without a digest, where digests exist.", list: coverage.gaps,
        columns: [...place, time("from", "From"), time("to", "To"), count("hours", "Hours", true)] },
      { id: "coverage.unread_reasons", title: "Objects that could not be read", says: "By reason, with one of them.", list: coverage.unread_reasons, columns: reason },
      { id: "coverage.reject_reasons", title: "Records that could not be used", says: "By reason, with one of them.", list: coverage.reject_reasons, columns: reason },
      { id: "coverage.without_digests", title: "Without digests", says: "Accounts and regions without any digest: of these no gap can be told.", list: coverage.without_digests, columns: place },
      { id: "coverage.days", title: "By day", says: "By account, region and day of delivery.", list: coverage.days,
        columns: [{ label: "Day", kind: "time", value: (row) => row.day, show: (row) => row.day }, ...place, count("written", "Records", true), count("objects", "Objects"), count("digests", "Digests"),
          count("gap_hours", "Hours in gaps"), count("unread", "Not read"), count("rejected", "Rejected"), count("late_events", "Late events"), count("redelivered", "Came again")] },
    ]);
  }

  /** The days that the map has as columns: all from the first to the last, unless that is too many. */
  function calendar(rows) {
    const known = [...new Set(rows.map((row) => row.day))].sort();
    const [from, to] = [Date.parse(known[0]), Date.parse(known.at(-1))];
    const span = (to - from) / 86400000;
    if (!(span < DAYS_FILLED_MAX)) return known;
    return Array.from({ length: span + 1 }, (_, i) => new Date(from + i * 86400000).toISOString().slice(0, 10));
  }

  function drawHeat(into, { rows, left_out }) {
    if (rows.length === 0) return;
    const days = calendar(rows);
    const places = grouped(rows, (row) => JSON.stringify([row.account_id, row.region]), (row) => row.written)
      .sort((a, b) => (placeName(a.rows[0]) < placeName(b.rows[0]) ? -1 : 1));
    const counts = rows.map((row) => row.written).filter((count) => count > 0);
    const scale = [Math.min(...counts), Math.max(...counts)].map(Math.log);
    let shown = PLACES_AT_FIRST;
    const status = el("p", { class: "cell", "aria-hidden": "true" }, "Point at a day, or go there with Tab and the arrow keys, to read it.");
    const body = el("tbody");
    const under = el("div", { class: "under" });
    const head = el("thead", null, el("tr", null, el("th", { scope: "col" }, el("span", { class: "unseen" }, "Account and region")), ...months(days)));
    const grid = el("table", { class: "heat", role: "grid", "aria-labelledby": "coverage.map-title" }, el("caption", { class: "unseen" }, "Records by account, region and day of delivery"), head, body);

    into.append(el("div", { class: "table", id: "coverage.map" }, el("div", { class: "top" }, el("div", null, el("h3", { id: "coverage.map-title" }, "Map of coverage"),
      el("p", { class: "says" }, "Records that stand in the tables, by account, region and day of delivery; the stronger the colour, the more, on a logarithmic scale."))),
      el("div", { class: "scroll" }, grid), status, legend(), under));
    fill();
    grid.addEventListener("focusin", (event) => tell(event.target));
    grid.addEventListener("mouseover", (event) => tell(event.target));
    grid.addEventListener("keydown", walk);
    printed.push(() => {
      const before = shown;
      shown = places.length;
      fill();
      return () => {
        shown = before;
        fill();
      };
    });

    function fill() {
      body.replaceChildren(...places.slice(0, shown).map((place, i) => line(place, i)));
      under.replaceChildren();
      const hidden = places.length - shown;
      if (hidden > 0) under.append(el("span", null, `${number(hidden)} more`), button("Show all", () => {
        shown = places.length;
        fill();
        body.rows[PLACES_AT_FIRST].cells[1].focus();
      }, { "aria-label": "Show all accounts and regions of the map" }));
      if (left_out > 0) under.append(el("span", null, `And ${plural(left_out, "more day")} of accounts and regions that are not in this report: cells of theirs are shown as if nothing were known.`));
    }

    function line(place, y) {
      const byDay = new Map(place.rows.map((row) => [row.day, row]));
      const name = placeName(place.rows[0]);
      const cells = days.map((day, x) => {
        const row = byDay.get(day);
        const told = `${day}, ${name}: ${row ? cellText(row) : "nothing known"}`;
        return el("td", { class: row ? cellClass(row, scale) : "unknown", role: "gridcell", tabindex: x === 0 && y === 0 ? "0" : "-1", "aria-label": told }, row ? cellMarks(row) : "·");
      });
      return el("tr", null, el("th", { scope: "row" }, el("bdi", null, name)), ...cells);
    }

    function tell(cell) {
      if (cell.tagName !== "TD") return;
      status.textContent = cell.getAttribute("aria-label");
    }

    function walk(event) {
      const cell = event.target.closest("td");
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -1e9], End: [0, 1e9] }[event.key];
      if (!cell || !step) return;
      const row = body.rows[Math.max(0, Math.min(body.rows.length - 1, cell.parentElement.sectionRowIndex + step[0]))];
      const next = row.cells[Math.max(1, Math.min(days.length, cell.cellIndex + step[1]))];
      cell.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
      event.preventDefault();
    }
  }

  function placeName(row) {
    return `${printable(row.account_id)} ${printable(row.region)}`;
  }

  /** Heads of the map: the first day, and the first of each month, over the columns that they begin. */
  function months(days) {
    const heads = [];
    for (const day of days) {
      const month = day.slice(0, 7);
      if (heads.at(-1)?.month === month) heads.at(-1).n += 1;
      else heads.push({ month, n: 1 });
    }
    return heads.map(({ month, n }) => el("th", { scope: "colgroup", colspan: n }, n > 2 ? month : el("span", { class: "unseen" }, month)));
  }

  function cellClass(row, [least, most]) {
    const part = most > least ? (Math.log(row.written) - least) / (most - least) : 0.5;
    const level = row.written === 0 ? 0 : Math.min(6, 1 + Math.floor(6 * part));
    return `h${level}${row.gap_hours >= GAP_HOURS_FRAMED ? " gap" : row.gap_hours > 0 ? " notch" : ""}`;
  }

  function cellMarks(row) {
    return row.unread > 0 ? "×" : row.rejected > 0 ? "!" : "";
  }

  function cellText(row) {
    const parts = [plural(row.written, "record"), `${plural(row.objects, "object")}`, plural(row.digests, "digest")];
    if (row.gap_hours > 0) parts.push(`${plural(row.gap_hours, "hour")} in a gap`);
    if (row.unread > 0) parts.push(`${plural(row.unread, "object")} not read whole`);
    if (row.rejected > 0) parts.push(`${plural(row.rejected, "record")} rejected`);
    if (row.late_events > 0) parts.push(`${plural(row.late_events, "late event")}`);
    if (row.redelivered > 0) parts.push(`${plural(row.redelivered, "record")} that came again`);
    return parts.join(", ");
  }

  function legend() {
    const sample = (name, mark, says) => el("span", null, el("i", { class: `sample ${name}`, "aria-hidden": "true" }, mark), says);
    return el("p", { class: "key" }, sample("h0", "", "none"), ...["h1", "h2", "h3", "h4", "h5"].map((level) => el("i", { class: `sample ${level}`, "aria-hidden": "true" })), sample("h6", "", "most"),
      sample("h2 notch", "", "hours in gaps"), sample("h2 gap", "", `${GAP_HOURS_FRAMED} hours or more`), sample("h2", "×", "an object not read whole"), sample("h2", "!", "records rejected"), sample("unknown", "·", "nothing known"));
  }

  // ---- Paper ----

  function printing() {
    let undo = [];
    addEventListener("beforeprint", () => (undo = printed.map((enlarge) => enlarge())));
    addEventListener("afterprint", () => {
      undo.reverse().forEach((back) => back());
      undo = [];
    });
  }

  // ---- All of it, once what is above is known ----

  theme();
  copyButtons();
  drawTimeline(section("timeline"));
  answer("agents", drawAgents);
  answer("rate", drawRate);
  answer("sign_ins", drawSignIns);
  answer("refused", drawRefused);
  answer("coverage", drawCoverage);
  printing();
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
})();
