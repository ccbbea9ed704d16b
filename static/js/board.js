// Drag and drop on the board. The server decides; a refused card goes back and says what is missing.
import Sortable from "../vendor/sortablejs/sortable.core.esm.js";

const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

async function move(card, column) {
  const body = new URLSearchParams({ stage: column.dataset.stage });
  const response = await fetch(card.dataset.move, {
    method: "POST",
    body,
    headers: { "X-CSRFToken": token, Accept: "application/json", "HX-Request": "true" },
    redirect: "manual",
  });
  if (response.status === 204 || response.type === "opaqueredirect") return null;
  if (response.headers.get("Content-Type")?.startsWith("application/json")) return response.json();
  return { message: "The deal could not be moved. Load the page again.", missing: [] };
}

function explain(column, card, refusal) {
  const place = column.closest(".board-column").querySelector("[data-refused]");
  const box = document.createElement("div");
  box.className = "refused";
  box.setAttribute("role", "alert");
  const inner = document.createElement("div");
  const line = document.createElement("p");
  const strong = document.createElement("strong");
  strong.textContent = refusal.message || "That did not happen.";
  line.append(strong);
  inner.append(line);
  const list = document.createElement("ul");
  for (const item of refusal.missing || []) {
    const entry = document.createElement("li");
    if (item.url) {
      const link = document.createElement("a");
      link.href = item.url;
      link.textContent = item.what;
      entry.append(link);
    } else entry.textContent = item.what;
    list.append(entry);
  }
  if (list.children.length) inner.append(list);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.dataset.dismiss = "";
  close.setAttribute("aria-label", "Dismiss");
  box.append(inner, close);
  place.replaceChildren(box);
}

for (const column of document.querySelectorAll("[data-board] [data-stage]")) {
  Sortable.create(column, {
    group: "deals",
    draggable: "[data-movable]",
    animation: 120,
    onEnd: async ({ item, from, to, oldDraggableIndex }) => {
      if (from === to) return;
      let refusal;
      try {
        refusal = await move(item, to);
      } catch {
        refusal = { message: "No connection. The deal stays where it was.", missing: [] };
      }
      if (refusal) {
        from.insertBefore(item, from.children[oldDraggableIndex] ?? null);
        explain(to, item, refusal);
      } else {
        window.location.reload();
      }
    },
  });
}
