// Printing: the button of a page that is made for paper, and what paper needs of a page of figures: light colours,
// charts as wide as the sheet, tables that were folded away, and the minute. Without scripts the browser's own menu
// prints the same tables.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

const root = document.documentElement;
let before = null;

window.addEventListener("beforeprint", () => {
  before = { theme: root.getAttribute("data-bs-theme"), folded: document.querySelectorAll("[data-unfold]:not([open])") };
  before.folded.forEach((details) => details.setAttribute("open", ""));
  root.setAttribute("data-bs-theme", "light");
  for (const place of document.querySelectorAll("[data-printed-at]")) {
    place.textContent = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(new Date());
  }
});
window.addEventListener("afterprint", () => {
  if (!before) return;
  before.folded.forEach((details) => details.removeAttribute("open"));
  root.setAttribute("data-bs-theme", before.theme);
  before = null;
});
