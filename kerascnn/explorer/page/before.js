// Runs before the page is drawn, so that the theme and language of the last visit do not flash.
"use strict";
const root = document.documentElement;
const kept = {
  // Browsers may refuse storage to a page from the file system.
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* lasts until closed */ } },
};
const LANG_KEY = "kerascnn-explorer-lang";
const THEME_KEY = "kerascnn-theme";
root.classList.add("js");
if (["light", "dark"].includes(kept.get(THEME_KEY))) root.dataset.theme = kept.get(THEME_KEY);
if (["en", "ko", "es"].includes(kept.get(LANG_KEY))) root.lang = kept.get(LANG_KEY);
