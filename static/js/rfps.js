// Answering an RFP by keyboard: Ctrl+Enter saves and goes on, Alt+1 … Alt+5 take a past answer over, Esc leaves the field.
document.addEventListener("keydown", (event) => {
  const form = document.querySelector("form[data-answer]");
  if (!form) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button[name=next]"));
  } else if (event.altKey && /^Digit[1-5]$/.test(event.code)) {
    const take = document.querySelector(`[data-reuse="${event.code.slice(5)}"]`);
    if (take) {
      event.preventDefault();
      take.click();
    }
  } else if (event.key === "Escape" && form.contains(event.target)) {
    event.target.blur();
  }
});
