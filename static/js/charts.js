// Draws the charts of a page: <div data-chart="id of a JSON script element" hidden>, or, in what is loaded later,
// <div data-chart="" data-figures="the JSON" hidden>. Each chart has its table beside it, so nothing is lost without
// scripts. A click on a bar opens the deals behind it.

import * as echarts from "../vendor/echarts/echarts.esm.min.js";

const TONES = ["--ps-accent", "--ps-info", "--ps-good", "--ps-warn"];
const charts = new Map();

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const full = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

function show(value, unit) {
  if (value === null || value === undefined) return "–";
  return unit === "percent" ? `${full.format(value)} %` : full.format(value);
}

function option(data, width) {
  const ink = token("--ps-ink");
  const muted = token("--ps-muted");
  const line = token("--ps-line");
  const surface = token("--ps-surface");
  const percent = data.series.some((series) => series.unit === "percent");
  const font = getComputedStyle(document.body).fontFamily;
  const axis = { axisLabel: { color: muted, fontSize: 11 }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false } };
  return {
    animation: false,
    textStyle: { fontFamily: font, color: ink },
    color: TONES.map(token),
    grid: { left: 8, right: 8, top: 34, bottom: 10, containLabel: true },
    legend: { top: 0, left: 4, itemWidth: 10, itemHeight: 10, icon: "roundRect", textStyle: { color: muted, fontSize: 12 } },
    tooltip: {
      trigger: "axis",
      renderMode: "richText", // no HTML: the page's Content-Security-Policy allows no inline style
      confine: true,
      axisPointer: { type: "shadow", shadowStyle: { color: muted, opacity: 0.08 } },
      backgroundColor: surface,
      borderColor: line,
      textStyle: { color: ink, fontSize: 12 },
      formatter: (points) => [
        points[0].axisValueLabel,
        ...points.filter((point) => point.seriesName).map((point) => `${point.seriesName}: ${show(point.data?.told ?? point.value, (data.series[point.seriesIndex] ?? data.series[0]).unit)}`),
      ].join("\n"),
    },
    xAxis: {
      type: "category",
      data: data.labels,
      ...axis,
      axisLabel: { ...axis.axisLabel, interval: 0, width: Math.max(24, (width - 90) / data.labels.length - 4), overflow: "truncate" },
    },
    yAxis: [
      { type: "value", ...axis, axisLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: (value) => short.format(value) }, splitLine: { lineStyle: { color: line } } },
      ...(percent
        ? [{ type: "value", min: 0, max: 100, ...axis, axisLine: { show: false }, splitLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: "{value} %" } }]
        : []),
    ],
    series: data.series.flatMap((series) => series.kind === "waterfall" ? waterfall(series, data.ends) : [{
      name: series.name,
      type: series.kind === "stack" ? "bar" : series.kind,
      stack: series.kind === "stack" ? "all" : undefined,
      data: series.data,
      yAxisIndex: series.unit === "percent" ? 1 : 0,
      cursor: "pointer",
      barMaxWidth: 28,
      barGap: "12%",
      itemStyle: { borderRadius: [3, 3, 0, 0] },
      symbolSize: 6,
      lineStyle: { width: 2 },
    }]),
  };
}

// Each step stands where the one before it ended: an unseen bar carries it. `ends` stand on the ground.
function waterfall(series, ends) {
  let level = 0;
  const steps = series.data.map((value, at) => {
    const from = ends.includes(at) ? 0 : level;
    level = from + value;
    return { value, low: Math.min(from, level), height: Math.abs(value) };
  });
  const tone = (at) => token(ends.includes(at) ? "--ps-accent" : steps[at].value < 0 ? "--ps-bad" : "--ps-good");
  const shared = { type: "bar", stack: "waterfall", barMaxWidth: 46, cursor: "pointer" };
  return [
    { ...shared, name: "", data: steps.map((step) => step.low), itemStyle: { color: "transparent" }, tooltip: { show: false }, silent: true },
    {
      ...shared,
      name: series.name,
      data: steps.map((step, at) => ({ value: step.height, told: step.value, itemStyle: { color: tone(at), borderRadius: 3 } })),
    },
  ];
}

function draw(element) {
  const data = JSON.parse(element.dataset.figures ?? document.getElementById(element.dataset.chart).textContent);
  element.hidden = false;
  element.figures = data;
  const chart = charts.get(element) ?? echarts.init(element, null, { renderer: "svg" });
  if (!charts.has(element)) {
    charts.set(element, chart);
    chart.on("click", (point) => {
      const url = data.series[point.seriesIndex]?.urls?.[point.dataIndex] || data.urls[point.dataIndex];
      if (url) window.location.assign(url);
    });
    new ResizeObserver(() => {
      chart.resize();
      chart.setOption(option(data, element.clientWidth));
    }).observe(element);
  }
  chart.setOption(option(data, element.clientWidth), true);
}

const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);
drawAll();
// What is loaded later is drawn when it is there.
document.body.addEventListener("htmx:oobAfterSwap", () => {
  document.querySelectorAll("[data-chart][hidden]").forEach(draw);
});
// Paper is not as wide as the screen; the change of theme that printing makes has drawn in its colours by then.
const SHEET = 960;
const HEIGHT = 180;
window.addEventListener("beforeprint", () => {
  for (const [element, chart] of charts) {
    chart.resize({ width: SHEET, height: HEIGHT });
    chart.setOption(option(element.figures, SHEET), true);
  }
});
window.addEventListener("afterprint", () => charts.forEach((chart) => chart.resize({ width: "auto", height: "auto" })));
// The theme's colours are read when drawing, so a change of theme draws anew.
new MutationObserver(drawAll).observe(document.documentElement, {
  attributes: true,
  attributeFilter: ["data-bs-theme"],
});
