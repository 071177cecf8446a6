// Scans, which are uploaded as soon as they are chosen. [data-uploading] and [data-remove] around them say the words.

import { ask } from "./forms.js";

for (const field of document.querySelectorAll("[data-scan-file]")) field.addEventListener("change", async () => {
  const place = field.closest("[data-scans]");
  const say = field.closest("[data-uploading]").dataset;
  const kind = place.querySelector("[data-scan-kind]");
  for (const file of field.files) {
    const line = document.createElement("li");
    line.textContent = `${kind.selectedOptions[0].textContent} · ${say.uploading}`;
    place.querySelector("[data-scan-list]").append(line);
    const answer = await ask("POST", "/api/v1/scans", file).catch(() => null);
    if (answer?.status === 201) keep(place, line, { kind: kind.value, upload: answer.body.upload }, kind.selectedOptions[0].textContent);
    else line.textContent = answer?.body.detail ?? document.querySelector(".toasts").dataset.away;
  }
  field.value = "";
});

function keep(place, line, scan, name) {
  const kept = place.querySelector("input[name=scans]");
  const put = (list) => {
    kept.value = list.length ? JSON.stringify(list) : "";
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
