// The load board: a card dropped on an SE gives the deal to them; on the queue, it is handed back with a note.
import { answerForm, dragging, post } from "./dragging.js";

function send(card, column, more) {
  const seen_with = card.dataset.seenWith;
  if (column.dataset.se) return post(card.dataset.assign, { se: column.dataset.se, seen_with, ...more });
  if (!more.reason) return { message: "it goes back to the queue.", wants_note: true };
  return post(card.dataset.handBack, { seen_with, ...more });
}

dragging({
  send,
  answer: (refusal, again) => {
    if (refusal.wants_note) return answerForm("Hand back", (reason) => again({ reason }), "Note for the next SE");
    if (!refusal.confirm?.length) return null;
    return answerForm("Give it anyway", () => again(Object.fromEntries(refusal.confirm.map((name) => [name, "on"]))));
  },
});
