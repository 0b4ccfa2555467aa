const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const words = JSON.parse(find("#words").textContent);
const cards = all("article");
const say = (key, values = {}) =>
  words[root.lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

// -- search: all words must occur in what is shown of a figure, accents apart -------------------

const search = find("#search");
const plain = (text) => text.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase();

// The enlarged view borrows the details of its card: they are looked up here, not in the card.
const details = new Map(cards.map((card) => [card, find(".details", card)]));
const spoken = (part) => find(`.t[lang=${root.lang}]`, part).textContent;
const titleOf = (card) => spoken(find("h3", card));
const altOf = (card) => spoken(find(".alt", details.get(card)));

function matches(card, wanted) {
  const rows = card.dataset.rows.split(" ");
  const text = plain(`${titleOf(card)} ${altOf(card)} ${card.id}`);
  return wanted.every((word) => (/^[a-f]\d+$/.test(word) ? rows.includes(word) : text.includes(word)));
}

function filter() {
  const wanted = plain(search.value).split(/\s+/).filter(Boolean);
  for (const card of cards) card.parentElement.hidden = !matches(card, wanted);
  for (const section of all("main section")) {
    section.hidden = !find(".grid > li:not([hidden])", section);
    const link = find(`nav a[href="#${find("h2", section).id}"]`);
    link.parentElement.hidden = section.hidden;
  }
  const [found, count] = [shown().length, cards.length];
  const everything = ["empty", "one"][count] ?? "count";
  const key = found === count ? everything : found ? "found" : "nothing";
  find("#count").textContent = say(key, { found, count });
}

const shown = () => cards.filter((card) => !card.parentElement.hidden);

search.addEventListener("input", filter);

// -- language and theme ---------------------------------------------------------------------

function speak(lang) {
  root.lang = lang;
  document.title = say("heading");
  search.placeholder = say("search");
  find(`input[name=lang][value=${lang}]`).checked = true;
  for (const card of cards) {
    const picture = find("img", card);
    if (!picture) continue;
    picture.alt = altOf(card);
    const source = picture.getAttribute(`data-small-${lang}`);
    if (picture.getAttribute("src") !== source) picture.src = source;
  }
  filter();
}

for (const choice of all("input[name=lang]")) {
  choice.addEventListener("change", () => {
    kept.set(LANG_KEY, choice.value);
    speak(choice.value);
  });
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";
const showTheme = () => find("#theme").setAttribute("aria-pressed", isDark());

find("#theme").addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  kept.set(THEME_KEY, root.dataset.theme);
  showTheme();
});
prefersDark.addEventListener("change", showTheme);

// -- the enlarged view: the card lends it its details ---------------------------------------

const view = find("#view");
let current = null;

function giveBack() {
  if (current) current.append(details.get(current));
}

function show(card) {
  giveBack();
  current = card;
  const [large, picture] = [find("#large"), find("img", card)];
  large.hidden = !picture;
  if (picture) {
    large.alt = picture.alt;
    large.src = picture.getAttribute(`data-large-${root.lang}`);
  }
  find("#view-title").innerHTML = find(".open", card).innerHTML;
  find("#details").replaceChildren(details.get(card));
  const row = shown();
  const position = row.indexOf(card) + 1;
  find("#position").textContent = say("position", { position, count: row.length });
  find("#previous").disabled = position <= 1;
  find("#next").disabled = position >= row.length;
  if (!view.open) {
    view.showModal();
    find("#view-title").focus(); // rather than its first button
  }
  find(".view").scrollTop = 0;
  address(`#${card.id}`);
}

function address(hash) {
  try {
    history.replaceState(null, "", hash || location.pathname + location.search);
  } catch { /* refused to a page from the file system: only the address stays as it is */ }
}

function move(by) {
  const row = shown();
  const next = row[row.indexOf(current) + by];
  if (next) show(next);
}

for (const card of cards) {
  const link = find(".open", card);
  link.setAttribute("aria-haspopup", "dialog");
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // the file, in a new tab
    event.preventDefault();
    show(card);
  });
}

find("#previous").addEventListener("click", () => move(-1));
find("#next").addEventListener("click", () => move(1));
find("#close").addEventListener("click", () => view.close());
view.addEventListener("click", (event) => {
  if (event.target === view) view.close(); // beside the view
});
view.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const held = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
  if (!by || held || event.target.closest("pre")) return; // code scrolls sideways
  event.preventDefault();
  move(by);
});
view.addEventListener("close", () => {
  giveBack();
  find(".open", current).focus();
  current = null;
  address("");
});

function openAddress() {
  const card = cards.find((one) => `#${one.id}` === decodeURIComponent(location.hash));
  if (card) show(card);
}
addEventListener("hashchange", openAddress);

// -- copy buttons -----------------------------------------------------------------------------

async function copy(button) {
  const block = button.closest(".code");
  const code = find("code", block);
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch { // no permission, or an old browser
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
  }
  const said = find(".copied", block);
  said.textContent = say("copied");
  setTimeout(() => { said.textContent = ""; }, 2000);
}

for (const button of all(".copy")) button.addEventListener("click", () => copy(button));

speak(root.lang);
showTheme();
openAddress();
