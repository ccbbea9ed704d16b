"""A small IMAP server on a socket: enough of RFC 3501 for one mailbox, and faults on demand."""

import re
import socketserver
import threading
from contextlib import contextmanager

USER, PASSWORD = "replies", 'pass "word"'


class Box:
    """Mails by number, with their flags; what the client said; whom to hang up on."""

    def __init__(self, *mails):
        self.mails = dict(enumerate(mails, 7))
        self.flags = {number: set() for number in self.mails}
        self.said = []
        self.hang_up_on = None
        self.no_to = None

    def unread(self):
        return [number for number, flags in self.flags.items() if "\\Seen" not in flags]


class Session(socketserver.StreamRequestHandler):
    """One client."""

    def handle(self):
        self.box = self.server.box
        self.send("* OK ready")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            self.box.said.append(command)
            if self.box.hang_up_on and self.box.hang_up_on in command:
                self.box.hang_up_on = None
                return
            if self.box.no_to and self.box.no_to in command:
                self.send(f"{tag} NO not today")
                continue
            self.answer(tag, command)
            if command == "LOGOUT":
                return

    def send(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def answer(self, tag, command):
        box = self.box
        if command == "CAPABILITY":
            self.send("* CAPABILITY IMAP4rev1")
        elif command.startswith("LOGIN "):
            right = f'LOGIN {USER} "pass \\"word\\""'
            if command != right:
                self.send(f"{tag} NO wrong password")
                return
        elif command.startswith("SELECT "):
            self.send(f"* {len(box.mails)} EXISTS")
        elif command == "UID SEARCH UNSEEN":
            self.send("* SEARCH " + " ".join(map(str, reversed(box.unread()))))
        elif found := re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", command):
            number, most = int(found[1]), int(found[2])
            if number in box.mails:
                content = box.mails[number][:most]
                head = f"* 1 FETCH (UID {number} BODY[]<0> {{{len(content)}}}\r\n".encode()
                self.wfile.write(head + content + b")\r\n")
        elif found := re.fullmatch(r"UID STORE (\d+) \+FLAGS\.SILENT \((.*)\)", command):
            box.flags[int(found[1])] |= set(found[2].split())
        elif command != "LOGOUT":
            self.send(f"{tag} BAD what?")
            return
        self.send(f"{tag} OK done")


@contextmanager
def serving(box):
    """The address of a server of `box`, as the setting wants it."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads, server.box = True, box
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        try:
            yield f"imap://{USER}:pass%20%22word%22@127.0.0.1:{server.server_address[1]}/Re%22plies"
        finally:
            server.shutdown()
