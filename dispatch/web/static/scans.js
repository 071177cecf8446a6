// Scans, which are uploaded as soon as they are chosen. The list of kinds goes on to the next that is needed, an
// agent's where one is named. [data-uploading] and [data-remove] around them say the words.

import { ask } from "./forms.js";

const OF_AGENTS = ["agent-document", "authorisation"];

for (const field of document.querySelectorAll("[data-scan-file]")) field.addEventListener("change", async () => {
  const place = field.closest("[data-scans]");
  const say = field.closest("[data-uploading]").dataset;
  const { value: kind, textContent: name } = place.querySelector("[data-scan-kind]").selectedOptions[0];
  for (const file of field.files) { // several are pages of one document
    const line = document.createElement("li");
    line.textContent = `${name} · ${say.uploading}`;
    place.querySelector("[data-scan-list]").append(line);
    const answer = await ask("POST", "/api/v1/scans", file).catch(() => null);
    if (answer?.status === 201) keep(place, line, { kind, upload: answer.body.upload }, name);
    else line.textContent = answer?.body.detail ?? document.querySelector(".toasts").dataset.away;
  }
  field.value = "";
});

/** Choose the first kind that is needed and isn't kept yet; without one, the list stays as it is. */
function offerNext(place) {
  const kept = JSON.parse(place.querySelector("input[name=scans]").value || "[]").map((each) => each.kind);
  const hasAgent = [...place.closest("form").querySelectorAll('[name$="agent.name"]')].some((field) => field.value.trim());
  const needed = [...place.dataset.needed.split(" ").filter(Boolean), ...(hasAgent ? OF_AGENTS : [])];
  const next = needed.find((each) => !kept.includes(each));
  if (next) place.querySelector("[data-scan-kind]").value = next;
}

for (const place of document.querySelectorAll("[data-scans]")) {
  const list = place.querySelector("[data-scan-kind]");
  let isChosen = false; // by the clerk: that stays until a file comes
  list.addEventListener("change", () => { isChosen = true; });
  place.addEventListener("change", ({ target }) => { if (target.name === "scans") isChosen = false; });
  place.closest("form").addEventListener("reset", () => { isChosen = false; });
  place.closest("form").addEventListener("input", ({ target }) => {
    if (!isChosen && target.name?.endsWith("agent.name")) offerNext(place);
  });
}

function keep(place, line, scan, name) {
  const kept = place.querySelector("input[name=scans]");
  const put = (list) => {
    kept.value = list.length ? JSON.stringify(list) : "";
    offerNext(place);
    kept.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const now = () => (kept.value ? JSON.parse(kept.value) : []);
  line.textContent = `✓ ${name}`;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "btn btn-sm";
  remove.textContent = place.closest("[data-remove]").dataset.remove;
  remove.addEventListener("click", () => {
    put(now().filter((each) => each.upload !== scan.upload));
    line.remove();
  });
  line.append(remove);
  put([...now(), scan]);
}
