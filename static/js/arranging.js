// Cards of a dashboard are dragged into another order; letting go saves it. The buttons beside each card do the same
// without a mouse, and without scripts.
import Sortable from "../vendor/sortablejs/sortable.core.esm.js";

const list = document.querySelector("[data-arrange]");
if (list) {
  const form = list.closest("form");
  list.classList.add("is-draggable");
  Sortable.create(list, {
    handle: "[data-handle]",
    animation: 120,
    onEnd: ({ oldIndex, newIndex }) => {
      if (oldIndex === newIndex) return;
      form.querySelector("[name=act]").value = `order:${newIndex + 1}`;
      form.requestSubmit();
    },
  });
}
