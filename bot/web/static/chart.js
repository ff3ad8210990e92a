// A line chart of a few series over time, as SVG. Figures are [milliseconds, value].
const NAMES = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [800, 240, 70, 22, 8];

function shape(name, attributes, text) {
  const made = document.createElementNS(NAMES, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function ticks(low, high) {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(at);
  return found;
}

export function chart(series, written) {
  const points = series.flatMap((one) => one.points);
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": series.map((one) => one.name).join(", ") });
  if (points.length === 0) return svg;
  const times = points.map((one) => one[0]);
  const values = [0, ...points.map((one) => one[1])];
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const across = (at) => LEFT + ((at - first) / (last - first || 1)) * (WIDTH - LEFT - 8);
  const up = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low || 1)) * (HEIGHT - BOTTOM - TOP);
  for (const value of ticks(low, high)) {
    svg.append(shape("line", { x1: LEFT, x2: WIDTH - 8, y1: up(value), y2: up(value), stroke: "currentColor", "stroke-opacity": value === 0 ? 0.5 : 0.12 }));
    svg.append(shape("text", { x: LEFT - 6, y: up(value) + 4, "text-anchor": "end", "font-size": 12, fill: "currentColor" }, written(value)));
  }
  for (const [at, anchor] of [[first, "start"], [last, "end"]]) {
    const words = new Date(at).toISOString().slice(0, 16).replace("T", " ");
    svg.append(shape("text", { x: across(at), y: HEIGHT - 6, "text-anchor": anchor, "font-size": 12, fill: "currentColor" }, words));
  }
  for (const one of series) {
    const path = one.points.map(([at, value]) => `${across(at).toFixed(1)},${up(value).toFixed(1)}`).join(" ");
    svg.append(shape("polyline", { points: path, fill: "none", stroke: one.colour, "stroke-width": one.bold ? 2.5 : 1.5, "stroke-linejoin": "round" }));
  }
  return svg;
}
