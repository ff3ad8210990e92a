// The page: draws what /api/v1/stream tells. Text is set as text, never as markup.
import { chart } from "/static/chart.js";

const RUNGS = ["clear", "warn", "top up", "stop", "cancel", "reduce", "halt"];
const SOURCES = [
  ["spot", "#d97706"], ["futures", "#2563eb"], ["funding", "#16a34a"], ["fees", "#dc2626"], ["net", "#8b5cf6"],
];
const SPANS = [[24, "1 day"], [168, "7 days"], [720, "30 days"]];
const QUIET_MS = 12000; // two breaths of the stream and some
const AGAIN_MS = 3000;
const CHARTS_MS = 10000; // a chart of days need not be fetched with every picture
let hours = 168;
let busy = false;
let chartsDueMs = 0;
let shown = null; // the last state, and when it came
let heardMs = 0;
let lost = false; // whether the stream broke since

const place = (name) => document.getElementById(name);

function make(tag, about, ...inside) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(about || {})) made.setAttribute(key, value);
  made.append(...inside.filter((one) => one !== null && one !== undefined).map((one) => (one instanceof Node ? one : String(one))));
  return made;
}

const known = (value) => value !== null && value !== undefined;
function figure(value, digits = 4) {
  if (!known(value)) return "-";
  return Number(value).toLocaleString("en-US", { maximumFractionDigits: digits });
}
const money = (value, quote = "") => (known(value) ? `${Number(value) >= 0 ? "+" : ""}${figure(value, 2)} ${quote}`.trim() : "-");
const percent = (value, digits = 1) => (known(value) ? `${(Number(value) * 100).toFixed(digits)} %` : "-");
const signed = (value, digits = 1) => (known(value) ? `${Number(value) > 0 ? "+" : ""}${percent(value, digits)}` : "-");
const moment = (ms) => (ms ? new Date(ms).toISOString().slice(0, 19).replace("T", " ") + " UTC" : "-");
const clock = (ms) => (ms ? new Date(ms).toISOString().slice(5, 19).replace("T", " ") : "-");

// A table with a name. Heads begin with < where a column is left-aligned, with ~ where it holds sentences.
function table(name, heads, rows, nothing) {
  if (rows.length === 0) return make("p", { class: "dim" }, nothing);
  const kinds = heads.map((one) => ({ "<": "left", "~": "words" })[one[0]] || "");
  const words = heads.map((one) => one.replace(/^[<~]/, ""));
  const head = words.map((one, at) => make("th", { scope: "col", class: kinds[at] }, one));
  const body = rows.map((row) => make("tr", {}, ...row.map((cell, at) => make("td", { class: kinds[at], "data-head": words[at] }, cell))));
  return make("table", {}, make("caption", {}, name), make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
}

function net(profit) {
  return ["spot", "futures", "funding", "fees"].reduce((sum, name) => sum + Number(profit[name]), 0);
}

function meter(hedge) {
  const [aim, held] = [Number(hedge.ratio_target), Number(hedge.ratio_achieved)];
  const full = Math.max(1.2, aim, held) || 1;
  const off = Math.abs(Number(hedge.gap)) > Number(hedge.band_outer);
  const bar = make("div", { class: `held${off ? " off" : ""}` });
  bar.style.width = `${Math.max(0, (held / full) * 100)}%`;
  const mark = make("div", { class: "aim" });
  mark.style.left = `${(aim / full) * 100}%`;
  const words = `target ${percent(hedge.ratio_target)}, achieved ${percent(hedge.ratio_achieved)}`;
  return make("div", { class: "meter", role: "img", "aria-label": words }, bar, mark);
}

function list(rows) {
  return make("dl", {}, ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

// What the contract pays next, to whom, and when it settles: a dated one pays nothing until it expires.
function pays(account, hedge) {
  const next = account.funding.find((one) => one.symbol === hedge.symbol);
  if (next) {
    const who = Number(next.rate) < 0 ? "shorts pay" : "shorts receive";
    return [["funding rate", `${signed(next.rate, 4)} (${who})`], ["next settlement", moment(next.next_at_ms)]];
  }
  return hedge.roll ? [["funding rate", "none"], ["next settlement", `${moment(hedge.roll.expiry_ms)} (expiry)`]] : [["funding rate", "-"]];
}

function card(account, hedge) {
  const calm = hedge.state === "normal";
  const others = hedge.foreign.map((one) => `${figure(one.coins)} ${one.asset}`).join(", ");
  const effect = Object.entries(account.effectiveness[hedge.hedge] || {}).map(([span, one]) => `${percent(one)} in ${span}`);
  return make("article", { class: "card", "data-hedge": hedge.hedge },
    make("h3", {}, hedge.hedge, make("span", { class: "dim" }, hedge.symbol),
      make("span", { class: `badge ${calm ? "good" : "bad"}` }, hedge.state ?? "unknown")),
    meter(hedge),
    list([
      ["held", `${figure(hedge.own_coins, 6)} ${hedge.base}${others ? ` (${others})` : ""}`],
      ["target / achieved", `${percent(hedge.ratio_target)} / ${percent(hedge.ratio_achieved)}`],
      ["contracts", `${figure(hedge.held)} of ${figure(hedge.target)}${Number(hedge.in_flight) ? `, ${figure(hedge.in_flight)} in flight` : ""}`],
      ["gap (band)", `${figure(hedge.gap)} (±${figure(hedge.band_outer)})`],
      ["index / mark", `${figure(hedge.index, 2)} / ${figure(hedge.mark, 2)}`],
      ["basis (mark to index)", signed(Number(hedge.mark) / Number(hedge.index) - 1, 3)],
      ...pays(account, hedge),
      ["to liquidation", known(hedge.liquidation_price) ? `${figure(hedge.liquidation_price, 0)} (${percent(hedge.liquidation_distance)})` : "no price liquidates"],
      ["net profit", money(net(hedge.profit), hedge.quote)],
      ["value hedged / bare", `${figure(hedge.value, 0)} / ${figure(hedge.value_unhedged, 0)}`],
      ["variance taken away", effect.length ? effect.join(", ") : "not known yet"],
      ["answer", `${hedge.answer} (decision ${hedge.decision})`],
    ]));
}

function alarms(state) {
  const found = [];
  for (const one of state.accounts) {
    if (one.trouble) found.push([false, `${one.account}: ${one.trouble}`]);
    for (const letter of one.missing) found.push([false, `${one.account}: ${letter}`]);
    for (const cause of one.causes) found.push([cause.state === "normal", `${one.account}${cause.hedge ? `, ${cause.hedge}` : ""}: ${cause.text}`]);
    for (const hedge of one.hedges) {
      if (hedge.net_short) found.push([true, `${hedge.hedge}: the target is net short.`]);
      if (hedge.working.some((order) => order.state === "unknown")) found.push([false, `${hedge.hedge}: the fate of an order is not known.`]);
      if (hedge.roll && hedge.roll.late) found.push([false, `${hedge.hedge}: ${hedge.roll.near} expires soon and is still held.`]);
    }
  }
  return found.map(([mild, words]) => make("div", { class: `alarm${mild ? " mild" : ""}` }, words));
}

function margin(state) {
  const rows = [];
  for (const account of state.accounts) {
    for (const one of account.standings) {
      const trips = one.trips.map((trip) => {
        const moves = [trip.up, trip.down].filter(known).map((at) => signed(Number(at) - 1));
        return `${RUNGS[trip.rung]}: ${trip.reached ? "reached" : moves.join(" / ") || "never"}`;
      });
      rows.push([account.account, one.settle, figure(one.equity, 2), figure(one.maintenance, 2), percent(one.margin_ratio), signed(known(one.liquidation_multiple) ? Number(one.liquidation_multiple) - 1 : null), RUNGS[one.rung], trips.join("; ")]);
    }
  }
  return table("Margin", ["<account", "<in", "equity", "maintenance", "margin ratio", "to liquidation", "<rung", "~next rungs"], rows, "Nothing is held.");
}

function wallets(state) {
  const rows = state.accounts.flatMap((account) => account.wallets.map((one) => [
    account.account, one.asset, figure(one.balance, 8), figure(one.deposited, 8), figure(one.spare, 8),
    Number(one.collateral_share) ? percent(one.collateral_share) : "-", figure(one.equity, 8), figure(one.maintenance, 8),
  ]));
  return table("Wallets", ["<account", "<asset", "balance", "deposited", "in the spot wallet", "backs others by", "equity (venue)", "maintenance (venue)"], rows, "No wallet was seen yet.");
}

function explain(account, one) {
  const [target, exposure] = [one.target, one.exposure];
  const lines = [];
  if (target && exposure) {
    lines.push(`own coins ${figure(exposure.own, 8)} × ratio ${figure(target.ratio)} (${target.reason}) → target ${figure(exposure.target)} contracts`);
    lines.push(`target ${figure(exposure.target)} − held ${figure(exposure.held)} − in flight ${figure(exposure.in_flight)} = gap ${figure(exposure.gap, 6)}; band ±${figure(exposure.band_outer, 6)}`);
  }
  lines.push(`answer: ${one.answer} – ${one.why}`);
  const stamped = account.stamped.filter((slip) => slip.hedge === one.hedge);
  const gates = stamped.flatMap((slip) => slip.verdicts.map((gate) => [gate.gate, gate.passed ? "passed" : "refused", figure(gate.figure), figure(gate.limit), gate.remedy]));
  return make("article", { class: "card" }, make("h3", {}, one.hedge, make("span", { class: "dim" }, one.symbol)),
    make("pre", {}, lines.join("\n")),
    gates.length ? make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Gates, ${one.hedge}` },
      table(`Gates, ${one.hedge}`, ["<gate", "<verdict", "figure", "limit", "~why"], gates, "")) : null);
}

function rolls(state) {
  const rows = state.accounts.flatMap((account) => account.hedges).filter((one) => one.roll).map(({ hedge, roll }) => [
    hedge, roll.stage, roll.near, roll.far || "-", moment(roll.expiry_ms), figure(roll.left), figure(roll.naked, 6), percent(roll.spread, 3), roll.lacks || roll.trigger || roll.choice,
  ]);
  return table("Rolls", ["<hedge", "<stage", "<from", "<to", "expires", "left", "naked coins", "spread", "~why"], rows, "No hedge rolls.");
}

function show(state) {
  place("mode").textContent = state.mode;
  place("mode").className = `badge ${state.mode === "live" ? "bad" : "good"}`;
  place("time").textContent = moment(state.now_ms);
  place("alarms").replaceChildren(...alarms(state));
  place("hedges").replaceChildren(...state.accounts.flatMap((one) => one.hedges.map((hedge) => card(one, hedge))));
  place("margin").replaceChildren(margin(state));
  place("wallets").replaceChildren(wallets(state));
  place("explain").replaceChildren(...state.accounts.flatMap((one) => one.explanations.map((why) => explain(one, why))));
  place("rolls").replaceChildren(rolls(state));
  document.body.dataset.turn = state.turn;
}

// Whether what is shown is still so: a bot that hangs sends nothing, one whose venue is away sends the same again.
function judge() {
  if (shown === null) return;
  const quietMs = performance.now() - heardMs;
  const away = shown.accounts.filter((one) => one.trouble || shown.silent.includes(one.account)).map((one) => one.account);
  const ages = shown.accounts.map((one) => {
    const age = one.looked_ms ? `looked ${Math.round((Math.max(0, shown.now_ms - one.looked_ms) + quietMs) / 1000)} s ago` : "not looked yet";
    return make("span", { "data-looked": one.account }, shown.accounts.length > 1 ? `${one.account} ${age}` : age);
  });
  place("looked").replaceChildren(...ages);
  if (lost) link("the bot does not answer", "bad");
  else if (quietMs > QUIET_MS) link("the bot is silent", "bad");
  else if (away.length) link(`out of reach: ${away.join(", ")}`, "bad");
  else link("live", "good");
  document.body.classList.toggle("stale", lost || quietMs > QUIET_MS || away.length > 0);
}

async function ask(path) {
  const answer = await fetch(path);
  if (answer.status === 401) location.assign("/");
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.json();
}

function charts(marks) {
  const byHedge = Map.groupBy ? Map.groupBy(marks, (one) => one.hedge) : marks.reduce((map, one) => map.set(one.hedge, [...(map.get(one.hedge) || []), one]), new Map());
  return [...byHedge].map(([hedge, mine]) => {
    const series = SOURCES.map(([name, colour]) => ({
      name, colour, bold: name === "net", points: mine.map((one) => [one.at_ms, name === "net" ? net(one) : Number(one[name])]),
    }));
    const last = mine[mine.length - 1];
    const legend = SOURCES.map(([name, colour]) => {
      const line = make("i");
      line.style.background = colour;
      return make("span", {}, line, `${name} ${money(name === "net" ? net(last) : last[name])}`);
    });
    return make("div", { class: "chart", "data-chart": hedge }, make("h3", {}, hedge), chart(series, (value) => figure(value, 0)), make("div", { class: "legend" }, ...legend));
  });
}

async function profit() {
  if (performance.now() < chartsDueMs) return;
  chartsDueMs = performance.now() + CHARTS_MS;
  const asked = hours;
  const marks = await ask(`/api/v1/profit?hours=${asked}`);
  if (asked !== hours) return; // another span was chosen meanwhile, and is on its way
  if (marks.length === 0) chartsDueMs = 0;
  place("charts").replaceChildren(...(marks.length ? charts(marks) : [make("p", { class: "dim" }, "No history yet.")]));
}

async function lists() {
  if (busy) return;
  busy = true;
  try {
    const [orders, journal, incidents] = await Promise.all([ask("/api/v1/orders?limit=20"), ask("/api/v1/journal?limit=30"), ask("/api/v1/incidents?limit=20")]);
    place("orders").replaceChildren(table("Orders", ["<hedge", "<order", "<contract", "<side", "size", "filled", "price", "<state", "when"],
      orders.map((one) => [one.hedge, one.client_order_id, one.symbol, one.side, figure(one.contracts), figure(one.filled), figure(one.limit_price, 2), one.state, clock(one.updated_ms)]), "No order yet."));
    place("journal").replaceChildren(table("Journal", ["when", "decision", "<hedge", "<answer", "~why"],
      journal.map((one) => [clock(one.at_ms), one.decision, one.hedge, one.answer, `${one.why} (${one.reason})`]), "Nothing decided yet."));
    place("incidents").replaceChildren(table("Incidents", ["when", "<kind", "<contract", "~why"],
      incidents.map(({ incident, at_ms }) => [clock(at_ms), incident.kind.replaceAll("_", " "), incident.symbol, incident.text]), "Nothing happened that Hedgerow did not do."));
  } catch (error) {
    place("orders").replaceChildren(make("p", { class: "bad" }, error.message));
  } finally {
    busy = false;
  }
}

// Draw the charts if that is due; what fails is tried again with the next picture.
function draw() {
  profit().catch((error) => {
    chartsDueMs = 0;
    place("charts").replaceChildren(make("p", { class: "bad" }, error.message));
  });
}

function link(words, kind) {
  place("link").textContent = words;
  place("link").className = `badge ${kind}`;
}

function spans() {
  place("hours").replaceChildren(...SPANS.map(([span, words]) => {
    const button = make("button", { "aria-pressed": String(span === hours) }, words);
    button.addEventListener("click", () => { hours = span; chartsDueMs = 0; spans(); draw(); });
    return button;
  }));
}

function take(state) {
  const newer = shown === null || state.turn !== shown.turn;
  shown = state;
  heardMs = performance.now();
  lost = false;
  show(state);
  judge();
  if (newer) lists();
  draw();
}

// A browser gives up for good on a stream that is refused: look why, and come again.
async function again() {
  try {
    await ask("/api/v1/state");
  } catch {
    setTimeout(again, AGAIN_MS);
    return;
  }
  listen();
}

function listen() {
  const stream = new EventSource("/api/v1/stream");
  stream.addEventListener("state", (event) => take(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    lost = true;
    judge();
    if (stream.readyState !== EventSource.CLOSED) return;
    stream.close();
    setTimeout(again, AGAIN_MS);
  });
}

spans();
listen();
setInterval(judge, 1000);
