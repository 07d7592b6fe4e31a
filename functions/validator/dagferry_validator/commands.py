"""The ways in from a command line."""
import json
import signal
import sys

from .bundle import Unusable
from .fetch import Failed
from .process import Unavailable
from .supervisor import Supervisor


def main(arguments):
    if arguments == ["serve"]:
        from . import server

        return server.main()
    if arguments not in (["once"], ["prepare"]):
        print("usage: python -m dagferry_validator once | serve | prepare", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and so clean up
    supervisor = Supervisor()
    try:
        if arguments == ["prepare"]:
            supervisor.importer.start()
            return 0
        json.dump(answer(supervisor, sys.stdin.buffer.read()), sys.stdout)
        return 0
    except Unavailable as no:
        print(no, file=sys.stderr)
        return 1
    finally:
        supervisor.close()


def answer(supervisor, text):
    """The answer to a request in JSON."""
    try:
        request = json.loads(text)
    except ValueError as no:
        return {"error": "the request is no JSON: %s" % no}
    return respond(supervisor, request)


def respond(supervisor, request):
    """What was found, or {"error"} that says why nothing was."""
    try:
        return supervisor.answer(request)
    except (Unusable, Failed, Unavailable) as no:
        return {"error": str(no)}
