// The board: a card dropped on another stage moves the deal, through the gates.
import { answerForm, dragging, post } from "./dragging.js";

dragging({
  send: (card, column, more) => post(card.dataset.move, { stage: column.dataset.stage, ...more }),
  // A manager lets the deal go on from here, with a written reason.
  answer: (refusal, again) =>
    refusal.may_override
      ? answerForm("Move it anyway", (reason) => again({ override: "on", reason }), "Why it may go on anyway")
      : null,
});
