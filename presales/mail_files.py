"""Mail as files on disk: what an installation does until a mail server is configured."""

import re
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

UNSAFE = re.compile(r"[^A-Za-z0-9.@_-]+")


class Backend(BaseEmailBackend):
    """Writes one file per message, named by its Message-ID: sending the same message again is the same file."""

    repeats_itself = True

    def send_messages(self, messages: list[EmailMessage]) -> int:
        """Write the messages; how many."""
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        for message in messages:
            mime = message.message()
            name = UNSAFE.sub("", mime["Message-ID"])[:180]
            part = folder / f".{name}.part"
            part.write_bytes(mime.as_bytes(linesep="\r\n"))
            part.replace(folder / f"{name}.eml")
        return len(messages)
