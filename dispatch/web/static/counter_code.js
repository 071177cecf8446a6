// The button beside a code's field has the code sent to the number that the form names.

import { language } from "./counter.js";
import { ask, newKey, read } from "./forms.js";

for (const button of document.querySelectorAll("[data-send-code]")) button.addEventListener("click", async () => {
  const typed = read(button.form);
  const request = { purpose: button.dataset.sendCode, mobile: typed.new_account ?? typed.new_owner?.mobile ?? typed.mobile ?? "" };
  if (typed.account) request.account = typed.account;
  button.disabled = true;
  const answer = await ask("POST", "/api/v1/accounts/send-code", request, { "Idempotency-Key": newKey() }).catch(() => null);
  button.disabled = false;
  const said = button.closest(".field").querySelector("[data-code-said]");
  if (answer) said.textContent = answer.status < 300 ? language(answer.body.say) : answer.body.detail;
  else said.textContent = document.querySelector(".toasts").dataset.away;
});
