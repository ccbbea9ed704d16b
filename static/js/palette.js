// Ctrl-K: search everything and jump to any page of the navigation. Without scripts the link leads to the search page.

const palette = document.getElementById("palette");
const field = palette?.querySelector("input");
const pages = document.querySelector("#palette-pages ul");

function open() {
  if (palette.open) return;
  field.value = "";
  document.getElementById("palette-hits").replaceChildren();
  showPages("");
  palette.showModal();
  field.focus();
}

// The pages are those of the navigation, so that the palette never offers what the role does not have.
function showPages(text) {
  const wanted = text.trim().toLowerCase();
  pages.replaceChildren();
  const links = document.querySelectorAll(".app-nav a, .user-menu-body a");
  for (const link of links) {
    const label = link.textContent.trim();
    if (wanted && !label.toLowerCase().includes(wanted)) continue;
    const copy = link.cloneNode(true);
    copy.className = "hit";
    copy.removeAttribute("aria-current");
    const item = document.createElement("li");
    item.append(copy);
    pages.append(item);
  }
  document.getElementById("palette-pages").hidden = !pages.children.length;
}

if (palette) {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-palette]");
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      open();
    }
    if (event.target === palette) palette.close();
  });
  field.addEventListener("input", () => showPages(field.value));
  palette.addEventListener("keydown", (event) => {
    const stops = [field, ...palette.querySelectorAll("a.hit")];
    const at = stops.indexOf(document.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      stops[(at + step + stops.length) % stops.length].focus();
    } else if (event.key === "Enter" && document.activeElement === field) {
      // Enter takes the first thing offered; with nothing offered the form leads to the search page.
      const first = palette.querySelector("#palette-hits a.hit") ?? palette.querySelector("#palette-pages a.hit");
      if (first) {
        event.preventDefault();
        first.click();
      }
    }
  });
}
