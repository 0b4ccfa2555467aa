// What all other scripts use: the page's data, elements, words, numbers and announcements.
"use strict";
const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const read = (id) => JSON.parse(find(`#${id}`).textContent);
const [model, words, looks] = [read("model"), read("words"), read("looks")];

// -- one part tells the others what has changed --------------------------------------------------

const listeners = {};
const on = (what, then) => (listeners[what] ??= []).push(then);
const tell = (what, ...details) => { for (const then of listeners[what] ?? []) then(...details); };

// -- words, in the language of the page ----------------------------------------------------------

const say = (key, values = {}) =>
  words[root.lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

const formats = {};
function number(value, digits = 3) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const format = (formats[`${root.lang} ${digits}`] ??=
    new Intl.NumberFormat(root.lang, { maximumSignificantDigits: digits, useGrouping: false }));
  if (value && Math.abs(value) < 1e-4) {
    const [mantissa, exponent] = value.toExponential(1).split("e-");
    return `${format.format(mantissa)}·10⁻${[...exponent].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`.replace("-", "−");
  }
  return format.format(Object.is(value, -0) ? 0 : value).replace("-", "−");
}
const count = (value) => new Intl.NumberFormat(root.lang).format(value);
const percent = (value) => `${number(Math.round(1000 * value) / 10)} %`;
const shapeText = (shape) => shape.join("×");
/** A number with its exact value for scripts, in few digits for readers. */
const data = (value, digits) => make("data", { value: String(value) }, number(value, digits));
const signed = (value, digits) => (value < 0 ? "" : "+") + number(value, digits);

// -- elements: whatever is put into them is text, never markup -------------------------------------

/** Make an element. Options that begin with "on" are listeners; the rest are attributes. */
function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Say something to a screen reader, once it has stopped changing: the last word about each thing. */
const unsaid = new Map();
let announcing = null;
function announce(about, text) {
  unsaid.set(about, text);
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    find("#announced").textContent = [...unsaid.values()].join(". ");
    unsaid.clear();
  }, 300);
}

/** Tell the reader what went wrong or was done, until the next message. */
function message(text, bad = false) {
  const shown = find("#message");
  shown.hidden = !text;
  shown.classList.toggle("bad", bad);
  find("span", shown).textContent = text;
}

// -- the language and the theme ------------------------------------------------------------------

function speak(lang) {
  root.lang = lang;
  for (const element of all("[data-say]")) element.textContent = say(element.dataset.say);
  for (const element of all("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
  find(`input[name=lang][value=${lang}]`).checked = true;
  document.title = `${model.title} · ${say("explorer")}`;
}

for (const choice of all("input[name=lang]")) {
  choice.addEventListener("change", () => {
    kept.set(LANG_KEY, choice.value);
    speak(choice.value);
    tell("language");
  });
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
function themed() {
  find("#theme").setAttribute("aria-pressed", isDark());
  tell("theme");
}
find("#theme").addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  kept.set(THEME_KEY, root.dataset.theme);
  themed();
});
prefersDark.addEventListener("change", themed);
