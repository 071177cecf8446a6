// The wall fetches its figures every few seconds while it is visible, draws its chart, and says when figures stop coming.

import { changed } from "./forms.js";

const EVERY = 5000;
const STALE = 4 * EVERY;

const wall = document.querySelector(".wall");
const chart = document.getElementById("chart");
let drawn;
let shown;
let seen = Date.now();

/** A colour as the browser computes it: a canvas knows no var(). */
function colour(name) {
  chart.style.outlineColor = `var(--tblr-${name})`;
  return getComputedStyle(chart).outlineColor;
}

function draw() {
  const hours = JSON.parse(document.getElementById("figures").dataset.hours);
  const size = Math.max(12, Math.min(24, window.innerWidth / 90));
  const text = { color: colour("body-color"), fontSize: size };
  const series = (name, place, shade) => ({
    name, type: "bar", data: hours.map((hour) => hour[place]), itemStyle: { color: shade }, barGap: "10%",
  });
  drawn ??= echarts.init(chart);
  drawn.resize();
  drawn.setOption({
    animation: !shown,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 8, top: size * 2.5, bottom: 4, containLabel: true },
    legend: { top: 0, right: 0, textStyle: text, itemWidth: size, itemHeight: size * 0.7 },
    tooltip: { trigger: "axis" },
    xAxis: { type: "category", data: hours.map((hour) => hour[0]), axisLabel: text, axisTick: { show: false } },
    yAxis: { type: "value", minInterval: 1, axisLabel: text, splitLine: { lineStyle: { color: colour("border-color") } } },
    series: [series(wall.dataset.arrived, 1, colour("blue")), series(wall.dataset.closed, 2, colour("green"))],
  });
  shown = document.getElementById("figures");
}

function look() {
  if (document.getElementById("figures") !== shown) {
    seen = Date.now();
    draw();
  }
  wall.querySelector(".stale").hidden = document.hidden || Date.now() - seen < STALE;
}

new MutationObserver(look).observe(wall, { childList: true });
new ResizeObserver(draw).observe(chart);
document.addEventListener("theme", draw);
document.addEventListener("visibilitychange", () => {
  seen = Date.now();
  if (!document.hidden) changed();
});
setInterval(() => {
  look();
  if (!document.hidden) changed();
}, EVERY);
