// Behaviour shared by every page. Everything here improves something that works without it.
import "./palette.js";
import "./print.js";

const dialog = document.getElementById("dialog");
const dialogBody = document.getElementById("dialog-body");
let opener = null;

// <a data-dialog href="…">: opens the form behind the link in a dialog instead of leaving the page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (link && dialog && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    opener = link;
    document.getElementById("dialog-refusals").replaceChildren();
    window.htmx.ajax("GET", link.href, { target: "#dialog-body", swap: "innerHTML" }).then(() => {
      if (!dialog.open) dialog.showModal();
      const first = dialogBody.querySelector("[autofocus], input:not([type=hidden]), select, textarea, button");
      first?.focus();
    });
    return;
  }
  if (event.target.closest("[data-close]") && dialog?.open && dialog.contains(event.target)) {
    event.preventDefault();
    dialog.close();
    return;
  }
  if (event.target === dialog) dialog.close();
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) dismiss.parentElement.remove();
  for (const menu of document.querySelectorAll("details.user-menu[open], details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// Which groups of the navigation are open: the server draws the next page so.
const groups = [...document.querySelectorAll("details[data-nav]")];
for (const group of groups) {
  group.querySelector("summary").addEventListener("click", () => {
    // The click turns it round only afterwards.
    const open = groups.filter((each) => each.open !== (each === group)).map((each) => each.dataset.nav);
    document.cookie = `nav=${open.join(".")}; path=/; max-age=31536000; samesite=lax`;
  });
}

dialog?.addEventListener("close", () => {
  dialogBody.replaceChildren();
  opener?.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.user-menu[open], details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  const typing = event.target.closest("input, select, textarea, dialog, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  // One-letter shortcuts: any link or field with data-key.
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (target) {
    event.preventDefault();
    if (target.matches("input")) target.focus();
    else target.click();
  }
});

// Filters apply as soon as they change; the button is for pages without scripts.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (form) form.requestSubmit();
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "get") {
    // Empty filters stay out of the address.
    for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
    setTimeout(() => { for (const field of form.elements) field.disabled = false; });
  } else if (!form.hasAttribute("hx-post")) {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  }
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// <tr data-row>: a click anywhere on the row follows its first link.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row || event.target.closest("a, button, input, select, label, summary") || getSelection().toString()) return;
  const link = row.querySelector("a[href]");
  if (!link) return;
  if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
  else link.click();
});

// Quick entry: Enter saves from every field of the line, a select included.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("[data-quick] select")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

// "Select all" of a table with bulk actions.
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-select-all]")) return;
  for (const box of event.target.closest("form, table").querySelectorAll("tbody input[type=checkbox]")) {
    box.checked = event.target.checked;
  }
});

// A demo installation fills the sign-in form from its list of people.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill-login]");
  if (!button) return;
  document.querySelector("[name=login]").value = button.dataset.fillLogin;
  document.querySelector("[name=password]").value = button.dataset.password;
  document.querySelector("form[data-login]").requestSubmit();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.querySelector("[data-copy-label]")?.replaceChildren("Copied");
});

// On a phone the current tab or stage may lie beyond the edge.
for (const current of document.querySelectorAll(".tabs [aria-current], .stage-path [aria-current]")) {
  current.scrollIntoView({ block: "nearest", inline: "center" });
}
