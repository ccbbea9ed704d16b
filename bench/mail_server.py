"""A mail server that takes everything and counts it."""

import contextlib
import socketserver
import threading
from collections import Counter


class MailServer(socketserver.ThreadingTCPServer):
    """Takes every mail and counts how often each cause's came: as much of RFC 5321 as `smtplib` speaks."""

    daemon_threads = allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.taken: Counter = Counter()  # by Message-ID, which follows from the cause
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """What `EMAIL_URL` is."""
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class Conversation(socketserver.StreamRequestHandler):
    """One client."""

    def handle(self) -> None:
        """Agree to everything, until the client leaves or is killed."""
        with contextlib.suppress(OSError):
            self.wfile.write(b"220 chaos\r\n")
            while line := self.rfile.readline():
                if line.upper().startswith(b"QUIT"):
                    return
                if line.upper().startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    if not self._mail():
                        return
                self.wfile.write(b"250 good\r\n")

    def _mail(self) -> bool:
        """Read one mail and count it, as a server does before it says that it has it."""
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line)
        named = [line for line in lines if line.lower().startswith(b"message-id:")]
        self.server.taken[named[0].split(b":", 1)[1].strip().decode()] += 1
        return True
