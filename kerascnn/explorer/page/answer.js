// The answer of the network, beside the input.
"use strict";
const ALL_CLASSES = 12; // of more classes only the best are shown
const BEST = 6;
let said = "";

const scoreText = (one, score) => (isProbability(one) ? percent(score) : number(score));
const answerText = (one, scores, klass) => `${labelText(one, klass)}: ${scoreText(one, scores[klass])}`;
/** A class, and which pixel it is asked for. */
const labelText = (one, klass) => (one.pixels ? say("atPixel", { answer: classText(one, klass), ...pixel(one) }) : classText(one, klass));

/** The width of a class's bar, as a part of the room. */
function barOf(one, scores, klass) {
  if (isProbability(one)) return scores[klass];
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  return high > low ? (scores[klass] - low) / (high - low) : 0;
}

function shownClasses(one, scores) {
  const klasses = [...scores.keys()];
  if (klasses.length <= ALL_CLASSES || isNumbers(one)) return klasses;
  if (one.pixels) return classesOnMap();
  return klasses.sort((a, b) => scores[b] - scores[a]).slice(0, BEST);
}

/** Rows are made once and then only changed: they are redrawn with every stroke. */
function drawAnswer() {
  const one = output();
  find("#no-classes").hidden = hasClasses();
  find("#answer-title").hidden = find("#classes").hidden = !hasClasses();
  drawPixels();
  if (!hasClasses()) return;
  const scores = scoresOf(state.values);
  const answer = predicted();
  const shown = shownClasses(one, scores);
  const list = find("#classes");
  while (list.children.length > shown.length) list.lastChild.remove();
  while (list.children.length < shown.length) {
    const bar = make("span", { class: "bar" });
    list.append(make("li", {}, make("span", { class: "class" }), make("span", { class: "track" }, bar), make("data")));
  }
  shown.forEach((klass, nth) => {
    const row = list.children[nth];
    const [name, track, score] = row.children;
    name.textContent = name.title = classText(one, klass);
    paintClass(name, one, klass);
    track.firstChild.style.width = `${Math.max(0, Math.min(1, barOf(one, scores, klass))) * 100}%`;
    score.value = scores[klass];
    score.textContent = scoreText(one, scores[klass]);
    row.classList.toggle("best", klass === answer);
  });
  find("#predicted").textContent = isNumbers(one) ? scoreText(one, scores[answer]) : classText(one, answer);
  const text = say("answerIs", { answer: answerText(one, scores, answer) });
  if (text !== said) announce("answer", text);
  said = text;
}

function prepareAnswer() {
  const choice = find("#output-choice");
  choice.parentElement.hidden = model.outputs.length < 2;
  choice.replaceChildren(...model.outputs.map((one, nth) => make("option", { value: nth }, one.name)));
  choice.addEventListener("change", () => {
    state.output = Number(choice.value);
    state.target = state.pixel = null;
    tell("values");
    tell("output");
  });
}

on("values", drawAnswer);
on("language", drawAnswer);
