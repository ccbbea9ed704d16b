// Drag and drop on the board. The server decides; a refused card goes back and says what is missing.
import Sortable from "../vendor/sortablejs/sortable.core.esm.js";

const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

async function move(card, column, more = {}) {
  const body = new URLSearchParams({ stage: column.dataset.stage, ...more });
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

// A manager lets the deal go on from here, with a written reason.
function overrideForm(column, card) {
  const form = document.createElement("form");
  form.className = "refused-override";
  const label = document.createElement("label");
  label.textContent = "Why it may go on anyway";
  const reason = document.createElement("textarea");
  reason.className = "form-control";
  reason.name = "reason";
  reason.rows = 2;
  reason.maxLength = 500;
  reason.required = true;
  label.append(reason);
  const button = document.createElement("button");
  button.className = "btn btn-sm";
  button.textContent = "Move it anyway";
  form.append(label, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (!reason.value.trim()) {
      reason.focus();
      return;
    }
    button.disabled = true;
    const refusal = await ask(card, column, { override: "on", reason: reason.value.trim() });
    if (refusal) explain(column, card, refusal);
    else window.location.reload();
  });
  return form;
}

async function ask(card, column, more) {
  try {
    return await move(card, column, more);
  } catch {
    return { message: "No connection. The deal stays where it was.", missing: [] };
  }
}

function explain(column, card, refusal) {
  const place = column.closest(".board-column").querySelector("[data-refused]");
  const box = document.createElement("div");
  box.className = "refused";
  box.setAttribute("role", "alert");
  const inner = document.createElement("div");
  const line = document.createElement("p");
  const strong = document.createElement("strong");
  const name = card.querySelector(".board-card-name")?.textContent;
  strong.textContent = [name, refusal.message || "That did not happen."].filter(Boolean).join(": ");
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
  if (refusal.may_override) inner.append(overrideForm(column, card));
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
      const refusal = await ask(item, to);
      if (refusal) {
        from.insertBefore(item, from.children[oldDraggableIndex] ?? null);
        explain(to, item, refusal);
      } else {
        window.location.reload();
      }
    },
  });
}
