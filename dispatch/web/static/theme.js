// Light or dark as the visitor chose, else as their system is. It runs before the page is drawn, so that nothing flashes.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const chosen = root.dataset.theme;
    root.dataset.bsTheme = chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
    document.dispatchEvent(new Event("theme"));
  };
  const keep = (name, value) => {
    document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax`;
  };
  show();
  dark.addEventListener("change", show);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-switch]")) {
      root.dataset.theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
      keep("paidan_theme", root.dataset.theme);
      show();
    }
    const language = event.target.closest("[data-language]");
    if (language) {
      keep("paidan_lang", language.dataset.language);
      location.reload();
    }
  });
})();
