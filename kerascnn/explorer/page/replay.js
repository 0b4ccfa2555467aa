// The training again: a slider moves through the weights of its epochs.
"use strict";
const FRAME = 700; // milliseconds of an epoch
const CURVES = [["loss", "window", []], ["val_loss", "window", [6, 4]], ["accuracy", "kernel", []], ["val_accuracy", "kernel", [6, 4]]];
let playing = null;

const epochs = () => model.checkpoints ?? [];

function showEpoch(index) {
  setCheckpoint(index);
  find("#epoch").value = index;
  drawReplay();
}

function drawReplay() {
  if (!epochs().length) return;
  const shown = epochs()[state.checkpoint ?? epochs().length - 1];
  const { epoch, metrics = {} } = shown;
  const parts = [say("epochIs", { epoch })];
  for (const [name] of CURVES) if (Number.isFinite(metrics?.[name])) parts.push(`${say(name)} ${number(metrics[name])}`);
  find("#epoch-text").textContent = parts.join(", ");
  find("#epoch").setAttribute("aria-valuetext", parts.join(", "));
  find("#play").textContent = say(playing ? "pause" : "play");
  drawCurves(epoch);
}

/** The points [epoch, value] of a curve: the history of all epochs, or what the checkpoints tell. */
function pointsOf(name) {
  const history = model.history?.[name];
  const points = history
    ? history.map((value, nth) => [nth + 1, value])
    : epochs().map(({ epoch, metrics }) => [epoch, metrics?.[name]]);
  return points.filter(([, value]) => Number.isFinite(value));
}

function drawCurves(now) {
  const canvas = find("#curve");
  const context = canvas.getContext("2d");
  const { color: ink, outlineColor: line, fontFamily } = getComputedStyle(canvas);
  const curves = CURVES.map(([name, color, dash]) => ({ name, color: role(color), dash, points: pointsOf(name) })).filter(({ points }) => points.length);
  canvas.hidden = !curves.length;
  if (!curves.length) return;
  const ratio = devicePixelRatio || 1;
  const [wide, tall] = [canvas.clientWidth || 900, 150];
  [canvas.width, canvas.height] = [wide * ratio, tall * ratio];
  context.scale(ratio, ratio);
  context.font = `13px ${fontFamily}`;
  const last = Math.max(...curves.flatMap(({ points }) => points.map(([epoch]) => epoch)), ...epochs().map(({ epoch }) => epoch));
  const first = Math.min(...curves.flatMap(({ points }) => points.map(([epoch]) => epoch)), ...epochs().map(({ epoch }) => epoch));
  const losses = curves.filter(({ name }) => name.endsWith("loss")).flatMap(({ points }) => points.map(([, value]) => value));
  const top = Math.max(...losses, 1e-9);
  const [left, right, bottom, above] = [44, wide - 44, tall - 24, 10];
  const x = (epoch) => left + ((right - left) * (epoch - first)) / Math.max(1, last - first);
  const y = (value, name) => bottom - (bottom - above) * Math.min(1, name.endsWith("loss") ? value / top : value);
  context.strokeStyle = line;
  context.strokeRect(left, above, right - left, bottom - above);
  context.fillStyle = ink;
  context.textAlign = "right";
  if (losses.length) { context.fillText(number(top, 2), left - 6, above + 9); context.fillText("0", left - 6, bottom); }
  context.textAlign = "left";
  if (curves.some(({ name }) => name.endsWith("accuracy"))) { context.fillText("100 %", right + 4, above + 9); context.fillText("0", right + 4, bottom); }
  context.textAlign = "center";
  for (const epoch of new Set([first, last])) context.fillText(epoch, x(epoch), tall - 6);
  context.strokeStyle = ink;
  context.beginPath();
  context.moveTo(x(now), above);
  context.lineTo(x(now), bottom);
  context.stroke();
  context.lineWidth = 2;
  for (const { name, color, dash, points } of curves) {
    context.strokeStyle = color;
    context.setLineDash(dash);
    context.beginPath();
    for (const [epoch, value] of points) context.lineTo(x(epoch), y(value, name));
    context.stroke();
  }
  context.setLineDash([]);
  const told = curves.map(({ name, points }) => `${say(name)}: ${points.map(([epoch, value]) => `${epoch}: ${number(value)}`).join("; ")}`);
  canvas.setAttribute("aria-label", told.join(". "));
  find("#curve-key").replaceChildren(...curves.map(({ name, color, dash }) => {
    const swatch = make("span", { class: dash.length ? "stroke dashed" : "stroke" });
    swatch.style.borderColor = color;
    return make("li", {}, swatch, say(name));
  }));
}

function stopReplay() {
  clearInterval(playing);
  playing = null;
  drawReplay();
}
function play() {
  if (playing) return stopReplay();
  if (Number(find("#epoch").value) === epochs().length - 1) showEpoch(0);
  playing = setInterval(() => {
    showEpoch(Number(find("#epoch").value) + 1);
    if (Number(find("#epoch").value) === epochs().length - 1) stopReplay();
  }, FRAME);
  return drawReplay();
}

function prepareReplay() {
  find("#replay").hidden = !epochs().length;
  if (!epochs().length) return;
  find("#epoch").max = epochs().length - 1;
  find("#epoch").value = epochs().length - 1;
  state.checkpoint = epochs().length - 1;
  find("#epoch").addEventListener("input", (event) => {
    if (playing) stopReplay();
    showEpoch(Number(event.target.value));
  });
  find("#play").addEventListener("click", play);
  addEventListener("resize", drawReplay);
}

on("network", () => {
  if (epochs().length) find("#epoch").value = state.checkpoint;
});
for (const what of ["network", "language", "theme"]) on(what, drawReplay);
