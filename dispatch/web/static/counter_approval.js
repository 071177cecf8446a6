// 主管批准: an operation that needs an approval is refused and says which. The clerk asks for it beside the form, a
// supervisor decides on their own page, and the clerk sends the form again, which then cites the approval.

import { ask, newKey, url } from "./forms.js";

const template = document.querySelector("[data-approval-box]");
const EVERY = 2000; // milliseconds between two looks at what was decided
const PAGE = 50; // requests among which an earlier one of the same is looked for

for (const form of document.querySelectorAll("form:has([data-approval])")) {
  const place = form.querySelector("[data-approval]");
  form.addEventListener("refused", ({ detail }) => detail.approval && need(form, place, detail.approval));
  form.addEventListener("done", () => leave(form, place));
  form.elements.namedItem("account")?.addEventListener("change", () => leave(form, place)); // another customer
}

function leave(form, place) {
  place.replaceChildren();
  cite(form, null);
}

function cite(form, number) {
  form.elements.approvals.value = number === null ? "" : JSON.stringify([number]);
}

/** Offer to ask for what the refusal named, or go on with what was asked for before, on another page or day. */
async function need(form, place, wanted) {
  leave(form, place);
  const box = template.content.cloneNode(true).querySelector(".approval");
  place.replaceChildren(box);
  const reason = box.querySelector("textarea");
  reason.id = `${form.closest("[data-operation]").dataset.operation}-approval-reason`;
  box.querySelector("label").htmlFor = reason.id;
  let key = newKey();
  reason.addEventListener("input", () => (key = newKey())); // another reason is another request
  box.querySelector("button").addEventListener("click", async ({ target }) => {
    target.disabled = true;
    const request = { ...wanted, reason: reason.value.trim() };
    const answer = await ask("POST", "/api/v1/approvals", request, { "Idempotency-Key": key }).catch(() => null);
    target.disabled = false;
    if (answer?.status === 201) follow(form, box, answer.body);
    else fault(box, answer ? said(answer.body) : document.querySelector(".toasts").dataset.away);
  });
  const earlier = await ask("GET", `/api/v1/approvals?limit=${PAGE}`).catch(() => null);
  const same = earlier?.status === 200 && earlier.body.items.find((each) => isSame(each, wanted));
  if (same) follow(form, box, same);
  else offer(box);
  box.scrollIntoView({ block: "nearest" });
}

function isSame(asked, wanted) {
  const meant = ["act", "subject", "area"].every((name) => asked[name] === wanted[name]);
  const enough = wanted.fen === null || (asked.fen !== null && wanted.fen <= asked.fen);
  return meant && enough && asked.asked_by === template.dataset.user && ["waiting", "approved"].includes(asked.state);
}

/** Show how the request stands until it is decided. The database decides: this only looks. */
async function follow(form, box, asked) {
  let now = asked;
  while (box.isConnected) {
    stand(box, now);
    if (now.state !== "waiting") break;
    await new Promise((later) => setTimeout(later, EVERY));
    const answer = await ask("GET", url`/api/v1/approvals/${asked.approval}`).catch(() => null);
    if (answer?.status === 200) now = answer.body;
  }
  if (!box.isConnected) return;
  if (now.state !== "approved") return offer(box);
  cite(form, now.approval);
  form.elements.approvals.dispatchEvent(new Event("change", { bubbles: true })); // it is tried again
  form.querySelector("button.btn-lg").focus();
}

function stand(box, asked) {
  fault(box, "");
  box.querySelector("[data-ask]").hidden = true;
  box.classList.toggle("good", asked.state === "approved");
  for (const line of box.querySelectorAll("[data-stands]")) {
    line.hidden = line.dataset.stands !== asked.state;
    line.dataset.words ??= line.textContent;
    line.textContent = line.dataset.words.replace("{no}", asked.approval).replace("{who}", asked.decided_by ?? "");
  }
}

function offer(box) {
  box.querySelector("[data-ask]").hidden = false;
  box.querySelector("textarea").focus({ preventScroll: true });
}

function fault(box, text) {
  const alert = box.querySelector("[data-wrong]");
  alert.textContent = text;
  alert.hidden = !text;
}

function said(problem) {
  return problem.faults ? problem.faults.map((each) => each.detail).join("\n") : problem.detail;
}
