// The demands: an export in clear is a request with a reason, and its answer is saved as a file.

const BOM = "\ufeff"; // reading the answer as text takes it away

for (const form of document.querySelectorAll("[data-download]")) form.addEventListener("done", (event) => {
  event.preventDefault();
  const file = URL.createObjectURL(new Blob([BOM, event.detail], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = file;
  link.download = form.dataset.download;
  link.click();
  URL.revokeObjectURL(file);
  form.reset();
});
