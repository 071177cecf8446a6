// A form of the API that is sent before forms.js has come waits for it, with all that was typed: the browser itself would
// send it to the page's own address. It runs before the page is drawn, so that no form is there without it.
(() => {
  const waiting = new Map(); // forms, and the buttons that sent them
  let isLost = false; // whether forms.js could not be fetched
  const hold = (event) => {
    if (!event.target.dataset.api) return;
    event.preventDefault();
    waiting.set(event.target, event.submitter);
    event.target.setAttribute("aria-busy", "true");
    if (isLost) tell();
  };
  const tell = () => {
    for (const form of waiting.keys()) {
      const alert = form.querySelector("[role=alert]");
      form.removeAttribute("aria-busy");
      if (!alert) continue;
      alert.textContent = document.querySelector(".toasts").dataset.incomplete;
      alert.hidden = false;
    }
    waiting.clear();
  };
  document.addEventListener("submit", hold);
  // Every module has run by now, or could not be fetched.
  document.addEventListener("DOMContentLoaded", () => {
    isLost = !("forms" in document.documentElement.dataset);
    if (isLost) return tell();
    document.removeEventListener("submit", hold);
    for (const [form, button] of waiting) form.requestSubmit(button);
  });
})();
