"""The importer: imports Airflow once, and forks a process for each file that the supervisor names.

It speaks lines of JSON on its standard input and output; both are elsewhere before Airflow, whose plugins may print, is imported.
"""
import gc
import json
import os
import secrets
import select
import signal
import sys
import time

from . import child, guards, mocks
from .rules import FORBIDDEN, MESSAGE, NOT_FINISHED, TRACE, finding

GRACE = 2  # seconds that Airflow's own time-out, which tells the line, has before the process is killed


def main():
    guards.unreadable()
    commands, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 0)
    os.dup2(2, 1)
    hello = prepare()
    gc.collect()
    gc.freeze()  # what is shared with the children stays shared
    say(answers, hello)
    for line in commands:
        say(answers, import_file(json.loads(line), commands.fileno()))


def say(answers, what):
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def prepare():
    """Imports what nearly all files need, and sees to a database for those that ask for one."""
    import airflow
    from airflow import settings

    # Not what each file needs but what few do without: a file that imports more waits for it itself.
    for module in ("airflow.models.dagbag", "airflow.dag_processing.dagbag", "airflow.sdk", "airflow.operators.python", "airflow.operators.bash",
                   "airflow.operators.empty", "airflow.providers.standard.operators.python", "airflow.providers.standard.operators.bash",
                   "airflow.providers.standard.operators.empty", "airflow.decorators", *mocks.MODULES):
        with_import(module)
    if settings.engine is None and hasattr(settings, "configure_orm"):
        settings.configure_orm()
    database(settings)
    return {"airflow": airflow.__version__, "python": "%d.%d.%d" % sys.version_info[:3], "guards": guards.names()}


def with_import(module):
    import importlib

    try:
        importlib.import_module(module)
    except ImportError:
        pass  # another Airflow's


def database(settings):
    """Airflow's tables, empty: what asks for a Variable in strict mode is told that there is none."""
    import warnings

    if settings.engine is None:
        return
    from airflow import models
    from airflow.models.base import Base

    made = settings.engine.url.database
    if not os.path.exists(made):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            models.import_all_models()
            with settings.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA synchronous = OFF")  # a file of no worth is not waited for
                for table in Base.metadata.tables.values():
                    create(table, connection)
                getattr(connection, "commit", int)()
    settings.engine.dispose()


def create(table, connection):
    from sqlalchemy.exc import NoReferencedTableError

    try:
        table.create(connection)
    except NoReferencedTableError:
        pass  # it refers to the users of an auth manager, which nobody has here


def import_file(job, supervisor):
    """The answer about one file; whatever the file does, there is one. It ends if the supervisor does, who is silent meanwhile."""
    began = time.monotonic()
    nonce = secrets.token_hex(16).encode()
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        child.run(job, nonce, theirs)
    os.close(theirs)
    try:
        data, late = receive(ours, began + job["timeout"] + GRACE, supervisor)
    except Orphaned:
        end(pid, True)
        raise SystemExit(1) from None
    os.close(ours)
    status, usage = end(pid, late or len(data) > child.LARGEST)
    said = heard(data, nonce) if not late else None
    if said is None:
        said = {"findings": [silence(data, late, status, usage, job)], "dags": []}
    return dict(said, seconds=round(time.monotonic() - began, 4))


class Orphaned(Exception):
    """The supervisor is gone."""


def receive(channel, deadline, supervisor):
    """All that comes until the process closes the channel, up to a bound, and whether the time was over."""
    data = bytearray()
    while len(data) <= child.LARGEST + 64:
        ready = select.select([channel, supervisor], [], [], max(deadline - time.monotonic(), 0))[0]
        if supervisor in ready:
            raise Orphaned
        if not ready:
            return bytes(data), True
        part = os.read(channel, 1 << 16)
        if not part:
            break
        data += part
    return bytes(data), False


def end(pid, kill):
    """Kills a process that has not ended, and what it may have started where nothing kept it from that."""
    if kill:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + GRACE
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.0005)
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass  # nothing is left, as is usual
    return status, usage


def heard(data, nonce):
    """The statement, if there is one and nothing else."""
    if not data.startswith(nonce):
        return None
    try:
        said = json.loads(data[len(nonce):])
        return {"findings": [checked_finding(f) for f in said["findings"]], "dags": [checked_dag(d) for d in said["dags"]]}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def checked_finding(f):
    if not (isinstance(f["line"], int) and f["rule"] in (FORBIDDEN, NOT_FINISHED, "DF501")):
        raise ValueError("a finding")
    return {"rule": f["rule"], "line": f["line"], "column": 0, "message": text(f["message"])[:MESSAGE], "trace": text(f["trace"])[:TRACE]}


def checked_dag(d):
    return {"id": text(d["id"]), "schedule": None if d["schedule"] is None else text(d["schedule"]), "tasks": [text(t) for t in d["tasks"]],
            "edges": [[text(a), text(b)] for a, b in d["edges"]]}


def text(value):
    if not isinstance(value, str):
        raise ValueError("text")
    return value


def silence(data, late, status, usage, job):
    """Why there is no statement of a file."""
    if late:
        return finding(NOT_FINISHED, "it was not imported within %g s" % job["timeout"])
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGSYS:
            return finding(FORBIDDEN, "it tried to reach into another process, or made another call to the system that no import needs")
        if number == signal.SIGXCPU or usage.ru_utime + usage.ru_stime > job["timeout"]:
            return finding(NOT_FINISHED, "it took more than %g s of processor time" % job["timeout"])
        return finding(NOT_FINISHED, "its process died of signal %d (%s) while it was imported" % (number, signal.strsignal(number)))
    if data[:1] == b"!":
        return finding(NOT_FINISHED, "its import broke the validator's own code: " + data[1:].decode("utf-8", "replace").strip().splitlines()[-1],
                       trace=data[1:].decode("utf-8", "replace"))
    if data:
        return finding(FORBIDDEN, "it wrote on the channel that its result is told on")
    return finding(NOT_FINISHED, "it ended the process (exit status %d) while it was imported" % os.WEXITSTATUS(status))
