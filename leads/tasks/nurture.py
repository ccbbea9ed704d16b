"""Nurture in the background."""

from celery import shared_task

from leads.nurture import advance, enrol, mailbox, stop
from presales.jobs import session_lock

ROUNDS = 50


@shared_task(name="leads.nurture", time_limit=300, soft_time_limit=280)
def nurture() -> None:
    """Stop who is to stop, and let those whose day has come take their step."""
    with session_lock("leads.nurture") as mine:
        if mine:
            stop.stop_all()
            for _ in range(ROUNDS):
                if not advance.advance():
                    break


@shared_task(name="leads.nurture_enrol", time_limit=300, soft_time_limit=280)
def nurture_enrol() -> None:
    """Put people on the tracks whose rules find them."""
    with session_lock("leads.nurture") as mine:
        if mine:
            enrol.enrol_all()


@shared_task(name="leads.read_replies", time_limit=120, soft_time_limit=100)
def read_replies() -> None:
    """Read replies to nurture mail out of the mailbox, where there is one."""
    with session_lock("leads.read_replies") as mine:
        if mine:
            mailbox.read_replies()
