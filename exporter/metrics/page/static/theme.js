// The reader's choice of colours, remembered. Runs before the first paint, so that a dark page never flashes white.
"use strict";
(() => {
  const KEY = "joulecast-theme";
  const root = document.documentElement;

  function remembered() {
    try {
      return localStorage.getItem(KEY) ?? "system";
    } catch {
      return "system"; // storage is forbidden: the system decides
    }
  }

  function show(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  function remember(theme) {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // shown all the same, until the page is closed
    }
  }

  show(remembered());
  document.addEventListener("DOMContentLoaded", () => {
    const themes = document.getElementById("themes");
    const chosen = root.dataset.theme ?? "system";
    for (const choice of themes.querySelectorAll("input")) choice.checked = choice.value === chosen;
    themes.addEventListener("change", (event) => {
      show(event.target.value);
      remember(event.target.value);
    });
    themes.hidden = false;
  });
})();
