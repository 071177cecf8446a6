// A fault report: warnings about the line first, then pre-handling step by step. The API has the script.

import { ask, url } from "./forms.js";
import { language, made } from "./counter.js";
import { shownMoment } from "./zone.js";

const section = document.querySelector("[data-operation=fault]");
const form = section.querySelector("form");
const place = form.querySelector("[data-script]");
const line = form.querySelector("[data-line-warnings]");
const { account, symptom, answers } = form.elements;
let given = [];

// -- the script ---------------------------------------------------------------------------------------

symptom.addEventListener("change", () => {
  given = [];
  follow();
});

async function follow() {
  answers.value = "";
  if (!symptom.value) return place.replaceChildren();
  const asked = given;
  const answer = await ask("POST", "/api/v1/faults/prehandling", { symptom: symptom.value, answers: given, ...(account.value.trim() && { account: account.value.trim() }) }).catch(() => null);
  if (answer?.status === 200 && asked === given) draw(answer.body);
}

function draw(dialogue) {
  const shown = [];
  for (const step of dialogue.steps) {
    shown.push(made("div", `${language(step.ask)} → ${language(step.title)}`, { class: "step" }));
  }
  for (const step of dialogue.steps) if (step.booked && step.booked.answer !== step.answer) shown.push(note(step));
  const said = dialogue.steps.at(-1)?.say;
  if (said) shown.push(told(said, "read-out"));
  if (dialogue.next) shown.push(question(dialogue.next));
  else {
    answers.value = JSON.stringify(given);
    const solved = dialogue.outcome === "solved";
    shown.push(made("div", solved ? `✓ ${place.dataset.solved}` : `▶ ${place.dataset.ticket}`, { class: `alert mt-2 ${solved ? "alert-success" : "alert-info"}` }));
  }
  if (given.length) {
    const back = made("button", place.dataset.back, { type: "button", class: "btn btn-ghost-secondary mt-2" });
    back.addEventListener("click", () => {
      given = given.slice(0, -1);
      follow();
    });
    shown.push(back);
  }
  for (const kept of place.querySelectorAll("[name^='notes.']")) {
    const same = shown.map((each) => each.querySelector?.(`[name="${CSS.escape(kept.name)}"]`)).find(Boolean);
    if (same) same.value = kept.value;
  }
  const hadFocus = place.contains(document.activeElement);
  place.replaceChildren(...shown);
  if (hadFocus) (place.querySelector(".answers button") ?? form.elements.description).focus();
}

function told(sentence, kind) {
  const box = made("div", "", { class: kind });
  box.append(made("strong", place.dataset.tell), made("p", language(sentence)));
  return box;
}

function booked(by) {
  const since = by.at ? ` ${shownMoment(new Date(by.at)).replace("T", " ")}` : "";
  return `${place.dataset.books}${language(by.title)}${since}`;
}

function note(step) {
  const box = made("label", "", { class: "field wide mt-2 d-block" });
  box.append(
    made("span", `${language(step.ask)} ${booked(step.booked)}`, { class: "form-label required" }),
    made("input", "", { class: "form-control", name: `notes.${step.question}`, required: "", maxlength: "2000", placeholder: place.dataset.note }),
  );
  return box;
}

function question(next) {
  const box = made("div", "", { class: "question", role: "group", "aria-label": language(next.ask) });
  const ask = made("div", language(next.ask), { class: "h3 mb-0" });
  const choices = made("div", "", { class: "answers" });
  for (const each of next.answers) {
    const chosen = next.booked?.answer === each.name;
    const button = made("button", language(each.title), { type: "button", class: `btn${chosen ? " btn-primary" : ""}` });
    button.addEventListener("click", () => {
      given = [...given, { question: next.name, answer: each.name }];
      follow();
    });
    choices.append(button);
  }
  box.append(ask);
  if (next.booked) box.append(made("p", booked(next.booked), { class: "mb-2", "data-booked": "" }));
  box.append(choices);
  return box;
}

// -- warnings about the line -------------------------------------------------------------------------

account.addEventListener("change", () => {
  look();
  follow(); // another line has other books
});

let shown = ""; // the line's data on the page: drawn again only when they change

async function look() {
  const number = account.value.trim();
  if (!number) return tell("");
  const answer = await ask("POST", "/api/v1/faults/warnings", { account: number }).catch(() => null);
  if (answer === null || account.value.trim() !== number) return;
  tell(answer.body, answer.status === 200);
}

function tell(body, known) {
  const text = JSON.stringify(body);
  if (text === shown) return;
  shown = text;
  line.replaceChildren();
  if (known) warn(body);
  else if (body) line.append(made("div", body.detail, { class: "warning" }));
}

function warn(known) {
  if (known.renamed) line.append(made("div", language(known.renamed), { class: "warning" }));
  if (known.stopped) line.append(made("div", language(known.stopped), { class: "warning" }));
  if (known.open) line.append(duplicate(known.open));
  const earlier = known.earlier.filter((each) => each.ticket !== known.open);
  if (!earlier.length) return;
  const box = made("div", `${line.dataset.earlier}: `, { class: "warning" });
  for (const each of earlier) box.append(" ", made("a", each.ticket, { href: url`/tickets/${each.ticket}` }), ` ${each.made_at.slice(0, 10)}`);
  line.append(box);
}

function duplicate(ticket) {
  const box = made("div", `${line.dataset.open} `, { class: "warning" });
  box.append(made("a", ticket, { href: url`/tickets/${ticket}` }));
  const label = made("label", "", { class: "form-check mt-2" });
  label.append(
    made("input", "", { type: "checkbox", class: "form-check-input", name: "despite_duplicate" }),
    made("span", line.dataset.again, { class: "form-check-label" }),
  );
  box.append(label);
  return box;
}

// -- sending ------------------------------------------------------------------------------

form.addEventListener("refused", async (event) => {
  if (event.detail.code !== "duplicate-fault") return;
  event.preventDefault(); // the line's warning says so, and what to do
  await look();
  form.elements.despite_duplicate?.focus();
});
form.addEventListener("done", (event) => {
  event.preventDefault();
  const { ticket } = event.detail;
  const end = section.querySelector("[data-done]");
  end.querySelector("h2").textContent = ticket;
  end.querySelector("[data-ticket-link]").href = url`/tickets/${ticket}`;
  const kept = account.value;
  form.reset();
  account.value = kept;
  tell("");
  given = [];
  place.replaceChildren();
  answers.value = "";
  form.hidden = true;
  end.hidden = false;
  end.querySelector("h2").focus();
});
section.querySelector("[data-again]").addEventListener("click", () => {
  form.hidden = false;
  section.querySelector("[data-done]").hidden = true;
  look();
});
