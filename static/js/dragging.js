// Cards that are dragged between columns. The server decides; a refused card goes back, and the column says why.
import Sortable from "../vendor/sortablejs/sortable.core.esm.js";

const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
const KEPT = `scrolled:${window.location.pathname}`;

// Null if it is done, else what the server has against it.
export async function post(url, fields) {
  try {
    const response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { "X-CSRFToken": token, Accept: "application/json", "HX-Request": "true" },
      redirect: "manual",
    });
    if (response.status === 204 || response.type === "opaqueredirect") return null;
    if (response.headers.get("Content-Type")?.startsWith("application/json")) return await response.json();
    return { message: "The deal could not be moved. Load the page again." };
  } catch {
    return { message: "No connection. The deal stays where it was." };
  }
}

// A small form below a refusal: what it asks for, if anything, and a button.
export function answerForm(button, send, label = "") {
  const form = document.createElement("form");
  form.className = "refused-override";
  let text = null;
  if (label) {
    const named = document.createElement("label");
    named.textContent = label;
    text = document.createElement("textarea");
    text.className = "form-control";
    text.rows = 2;
    text.maxLength = 500;
    text.required = true;
    named.append(text);
    form.append(named);
  }
  const go = document.createElement("button");
  go.className = "btn btn-sm";
  go.textContent = button;
  form.append(go);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (text && !text.value.trim()) {
      text.focus();
      return;
    }
    go.disabled = true;
    send(text?.value.trim());
  });
  return form;
}

function explain(column, card, refusal, answer) {
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
  if (answer) inner.append(answer);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.dataset.dismiss = "";
  close.setAttribute("aria-label", "Dismiss");
  box.append(inner, close);
  place.replaceChildren(box);
  answer?.querySelector("textarea")?.focus();
}

// Load anew, and look at the same columns again.
function reload(board) {
  sessionStorage.setItem(KEPT, board.scrollLeft);
  window.location.reload();
}

// `send(card, column, more)` asks the server and gives null or the refusal; `answer(refusal, again)` may give a form
// that calls `again(more)`.
export function dragging({ send, answer }) {
  const board = document.querySelector("[data-board]");
  if (!board) return;
  board.scrollLeft = Number(sessionStorage.getItem(KEPT));
  sessionStorage.removeItem(KEPT);

  async function attempt(card, column, more) {
    const refusal = await send(card, column, more);
    if (refusal) explain(column, card, refusal, answer(refusal, (next) => attempt(card, column, { ...more, ...next })));
    else reload(board);
    return refusal;
  }

  for (const column of board.querySelectorAll("[data-column]")) {
    Sortable.create(column, {
      group: "deals",
      draggable: "[data-movable]",
      animation: 120,
      onEnd: async ({ item, from, to, oldDraggableIndex }) => {
        if (from === to) return;
        if (await attempt(item, to, {})) from.insertBefore(item, from.children[oldDraggableIndex] ?? null);
      },
    });
  }
}
