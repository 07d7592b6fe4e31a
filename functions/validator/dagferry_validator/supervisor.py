"""The supervisor: takes a request, unpacks its bundle, and has its files imported one after the other. It runs none of them."""
import base64
import io
import os
import shutil
import tempfile
import time

from . import bundle, fetch, guards
from .bundle import Unusable
from .process import Importer
from .rules import NOT_FINISHED, finding

VERSION = 1
TIMEOUT, BUDGET = 30, 600  # seconds for a file, which is Airflow's own, and for all of them
MEMORY = 1 << 30  # bytes that a file may take beyond what Airflow has
DETAILS = 4 << 20  # characters of DAGs that are told with their tasks and edges: a Lambda function answers 6 MB at most
HOME = "DAGFERRY_VALIDATOR_HOME"


class Supervisor:
    """Answers one request at a time. A file at a time, too: so what happens is known to be that file's doing."""

    def __init__(self):
        guards.unreadable()
        self.home = os.environ.get(HOME) or tempfile.mkdtemp(prefix="dagferry-validator-")
        self.importer = Importer(self.home)

    def close(self):
        self.importer.end()
        if not os.environ.get(HOME):
            shutil.rmtree(self.home, ignore_errors=True)

    def answer(self, request):
        """Raises Unusable for a request that makes no sense, Failed for a bundle that is not to be had, and Unavailable when there is
        no Airflow."""
        job, files, archive, place = read(request)
        began, folder = time.monotonic(), os.path.realpath(tempfile.mkdtemp(prefix="dagferry-bundle-"))
        try:
            root = os.path.join(folder, "dags")
            os.mkdir(root)
            deadline = began + float(request.get("budget") or BUDGET)
            with fetch.fetch(place, deadline) if place else io.BytesIO(archive) as packed:
                bundle.unpack(packed, root)
            self.importer.start()
            told = [self.file(dict(job, root=root), path, folder, deadline) for path in files]
        finally:
            os.chmod(folder, 0o700)
            bundle.remove(folder)
        return dict(self.importer.hello or {}, version=VERSION, files=brief(told), seconds=round(time.monotonic() - began, 3))

    def file(self, job, path, folder, deadline):
        if time.monotonic() > deadline:
            late = finding(NOT_FINISHED, "it was not imported, because the time for all files was over")
            return {"path": path, "seconds": 0, "findings": [late], "dags": []}
        scratch = os.path.join(folder, "scratch")
        os.mkdir(scratch)
        try:
            said = self.importer.ask(dict(job, path=os.path.join(job["root"], path), scratch=scratch))
        finally:
            bundle.remove(scratch)
        return dict(said, path=path)


def read(request):
    """What a request asks for, checked."""
    try:
        if request["version"] != VERSION:
            raise Unusable("the request is of version %r, and this validator answers version %d" % (request["version"], VERSION))
        files, environment = list(request["files"]), dict(request.get("environment") or {})
        for name, value in environment.items():
            if not isinstance(name, str) or not isinstance(value, str) or "=" in name or "\0" in name + value:
                raise Unusable("the environment has %r, which is no text" % name)
        job = {"strict": bool(request.get("strict")), "environment": environment, "timeout": float(request.get("timeout") or TIMEOUT),
               "memory": int(request.get("memory") or MEMORY)}
        place = fetch.Place(request["bundleAt"]) if "bundleAt" in request else None
        archive = None if place else base64.b64decode(request["bundle"], validate=True)
    except (KeyError, TypeError, ValueError, AttributeError) as broken:
        raise Unusable("the request makes no sense: %s %s" % (type(broken).__name__, broken)) from broken
    for path in files:
        if not isinstance(path, str) or os.path.isabs(path) or path != os.path.normpath(path) or path.startswith(".."):
            raise Unusable("the request names %r, which is no file of its bundle" % (path,))
    return job, files, archive, place


def brief(told):
    """The DAGs keep their tasks and edges as long as the answer is not too large."""
    room = DETAILS
    for one in told:
        room -= sum(len(d["tasks"]) + sum(map(len, d["tasks"])) + sum(len(a) + len(b) + 8 for a, b in d["edges"]) for d in one["dags"])
        if room < 0:
            one["dags"] = [dict(d, tasks=[], edges=[]) for d in one["dags"]]
    return told
