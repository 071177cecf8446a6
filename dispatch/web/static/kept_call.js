// [data-keep-call="/api/v1/transfers/F00000042/keep"]   an agent talks on: the call stays theirs while the page is open

import { csrf } from "./forms.js";

const EVERY = 60_000;  // a call is kept for three minutes

const talk = document.querySelector("[data-keep-call]");
if (talk) {
  const keep = async () => {
    const answer = await fetch(talk.dataset.keepCall, { method: "POST", headers: { "X-CSRF-Token": await csrf() } }).catch(() => null);
    if (answer && !answer.ok && answer.status < 500) clearInterval(timer);  // dealt with, or a colleague has it
  };
  const timer = setInterval(keep, EVERY);
  keep();
}
