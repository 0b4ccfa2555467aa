// The views below the network, and the address, which tells what is looked at.
"use strict";
const TABS = ["layer", "why", "change", "sizes"];
let tab = TABS[0];

function showTab(name, focus = false) {
  tab = name;
  for (const one of TABS) {
    const [handle, view] = [find(`#tab-${one}`), find(`#view-${one}`)];
    handle.setAttribute("aria-selected", one === name);
    handle.tabIndex = one === name ? 0 : -1;
    view.hidden = one !== name;
    if (focus && one === name) handle.focus();
  }
  tell("tab");
}

function prepareTabs() {
  for (const name of TABS) find(`#tab-${name}`).addEventListener("click", () => showTab(name));
  find("[role=tablist]").addEventListener("keydown", (event) => {
    const by = { ArrowLeft: TABS.length - 1, ArrowRight: 1 }[event.key];
    const to = { Home: TABS[0], End: TABS.at(-1) }[event.key] ?? (by && TABS[(TABS.indexOf(tab) + by) % TABS.length]);
    if (!to || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    showTab(to, true);
  });
}

// -- the address: #layer=c3&unit=4&y=2&x=5&tab=why&sample=0&epoch=3 -----------------------------------

let opening = true; // until the page has read it

function address() {
  if (opening || !state.node) return;
  const parts = { layer: state.node.name, unit: state.map, y: state.y, x: state.x };
  if (tab !== TABS[0]) parts.tab = tab;
  if (chosen !== null) parts.sample = chosen;
  if (state.checkpoint !== null && state.checkpoint !== model.checkpoints.length - 1) parts.epoch = state.checkpoint;
  try {
    history.replaceState(null, "", `#${new URLSearchParams(parts)}`);
  } catch { /* refused to a page within a notebook: only the address stays as it is */ }
}

function openAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const whole = (name) => (asked.has(name) && /^\d+$/.test(asked.get(name)) ? Number(asked.get(name)) : null);
  opening = true;
  if (TABS.includes(asked.get("tab"))) showTab(asked.get("tab"));
  if (whole("epoch") !== null && model.checkpoints?.[whole("epoch")]) setCheckpoint(whole("epoch"));
  if (whole("sample") !== null) chooseSample(whole("sample"));
  const node = model.nodes.find((one) => one.name === asked.get("layer"));
  if (node) select(node, whole("unit") ?? 0, whole("y"), whole("x"));
  opening = false;
}

addEventListener("hashchange", openAddress);
for (const what of ["selected", "tab", "sample", "network"]) on(what, address);
