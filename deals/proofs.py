"""What proves a requirement: shown in a demo, tried in a POC, asked in an RFP, carried into a proposal."""

from dataclasses import dataclass

from django.db import connection

from deals.models import DemoOutcome, Opportunity, ProposalState, QuestionState
from presales.fragments import address

SHOWN = 500
# For each kind: its page, how it is said, and what its state is called.
KINDS = {
    "demo": ("deals:demo", "Shown in", dict(DemoOutcome.choices)),
    "poc": ("deals:poc", "Put to the proof in", {"met": "Met", "missed": "Not met", "": "No result yet"}),
    "question": ("deals:rfp_question", "Asked as", dict(QuestionState.choices)),
    "work": ("deals:proposal", "In the statement of work of", dict(ProposalState.choices)),
}
TONES = {"met": "good", "missed": "bad", "": "quiet", "open": "quiet"}
_PROOFS = """
SELECT part.requirement_id, 'demo' AS kind, demo.id, demo.title, coalesce(nullif(part.result, ''), demo.outcome)
  FROM deals_demopart part JOIN deals_demo demo ON demo.id = part.demo_id
 WHERE demo.opportunity_id = %(deal)s AND part.requirement_id IS NOT NULL
UNION
SELECT proof.requirement_id, 'poc', poc.id, 'POC ' || poc.number || ': ' || criterion.text,
       CASE WHEN criterion.met THEN 'met' WHEN NOT criterion.met THEN 'missed' ELSE '' END
  FROM deals_criterionrequirement proof
  JOIN deals_poccriterion criterion ON criterion.id = proof.criterion_id JOIN deals_poc poc ON poc.id = criterion.poc_id
 WHERE poc.opportunity_id = %(deal)s
UNION
SELECT question.requirement_id, 'question', question.id,
       coalesce(nullif(question.number, ''), left(question.text, 60)) || ', ' || rfp.name, question.state
  FROM deals_rfpquestion question JOIN deals_rfp rfp ON rfp.id = question.rfp_id
 WHERE rfp.opportunity_id = %(deal)s AND question.requirement_id IS NOT NULL
UNION
SELECT work.requirement_id, 'work', proposal.id, 'proposal ' || proposal.number, proposal.state
  FROM deals_proposalwork work JOIN deals_proposal proposal ON proposal.id = work.proposal_id
 WHERE proposal.opportunity_id = %(deal)s AND proposal.state <> 'replaced' AND work.requirement_id IS NOT NULL
ORDER BY 1, 2, 3 LIMIT %(shown)s
"""


@dataclass(frozen=True)
class Proof:
    """One place where a requirement was proved, or is about to be."""

    kind: str
    said: str
    title: str
    url: str
    state: str
    state_label: str

    @property
    def tone(self) -> str:
        """Of the label, where it is not the state's own."""
        return TONES.get(self.state, "")


def proofs_of(opportunity: Opportunity) -> dict[int, list[Proof]]:
    """What proves the requirements of a deal, by requirement; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_PROOFS, {"deal": opportunity.pk, "shown": SHOWN})
        rows = cursor.fetchall()
    found: dict[int, list[Proof]] = {}
    for requirement, kind, pk, title, state in rows:
        view, said, labels = KINDS[kind]
        found.setdefault(requirement, []).append(
            Proof(kind, said, title, address(view, pk), state, labels.get(state, ""))
        )
    return found
