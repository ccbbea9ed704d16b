"""Mail that a person asks for and can ask for again: sent beside the request, so that nobody waits for the server.

Mail the domain owes somebody does not go this way: it leaves from an outbox row.
"""

import logging
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor

from django.core.mail import EmailMessage
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)
_sender = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mail")
_under_way: set[Future] = set()


def send_soon(message: EmailMessage) -> Future:
    """Hand `message` to the mail server in the background; a failure is logged without the address."""
    sending = _sender.submit(_send, message)
    _under_way.add(sending)
    sending.add_done_callback(_under_way.discard)
    return sending


def wait() -> None:
    """Until everything handed over so far is sent."""
    futures.wait(list(_under_way), timeout=30)


def _send(message: EmailMessage) -> bool:
    try:
        message.send()
    except Exception as error:
        logger.exception("mail could not be sent: %s", type(error).__name__)
        return False
    return True


def send_template_soon(prefix: str, address: str, context: dict) -> Future:
    """Render `<prefix>_subject.txt` and `<prefix>_message.txt` and hand them to the mail server in the background."""
    subject = " ".join(render_to_string(f"{prefix}_subject.txt", context).split())
    return send_soon(EmailMessage(subject, render_to_string(f"{prefix}_message.txt", context).strip(), to=[address]))
