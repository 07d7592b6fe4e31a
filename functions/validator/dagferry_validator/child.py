"""One file's import, in a process of its own.

What this process sends can be forged by the file that it imports: they share memory. It is a statement about that file alone, and the
worst that a hostile one gets is to be called good, and then to fail in Airflow. What the importer does see: a process that ended without
a statement, anything on the channel that is not one statement, and which limits it ran into.
"""
import contextlib
import json
import os
import signal
import sys
import tempfile
import traceback

from . import dags, guards, mocks
from .rules import IMPORT_ERROR, finding

LARGEST = 4 << 20  # bytes of a statement: many times that of the largest DAG


def run(job, nonce, channel):
    """Never returns."""
    try:
        alone(channel)
        found, acts = statement(job)
        found["findings"] = acts + found["findings"]
        text = json.dumps(found)
        if len(text) > LARGEST:
            found["dags"], found["findings"] = [], acts + [finding(IMPORT_ERROR, "its DAGs are too large to be told")]
            text = json.dumps(found)
        send(channel, nonce + text.encode("ascii"))
    except BaseException:
        # A fault of this program, or a file that breaks what it needs: without a statement, the file is not good.
        with contextlib.suppress(BaseException):
            send(channel, b"!" + traceback.format_exc()[-2000:].encode("utf-8", "replace"))
    finally:
        os._exit(0)


def alone(channel):
    """A session of its own, and no descriptor but the channel."""
    guards.die_with_parent()
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(quiet, fd)
    os.closerange(3, channel)
    os.closerange(channel + 1, 4096)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def statement(job):
    path, root, scratch = job["path"], job["root"], job["scratch"]
    environment(job)
    if not job["strict"]:
        mocks.install(root)
    os.chdir(scratch)
    guards.limit(job["timeout"] + 2, job["memory"])
    guards.bind(scratch)
    acts = guards.watch(path, scratch)
    try:
        bag = dags.load(path, root)
    except BaseException:  # SystemExit, and what Airflow 2 does not catch
        return {"findings": [dags.error(traceback.format_exc(), path, root)], "dags": []}, acts
    return {"findings": dags.errors(bag, path, root, acts), "dags": dags.describe(bag)}, acts


def environment(job):
    given = dict(job["environment"], HOME=job["scratch"], TMPDIR=job["scratch"], AIRFLOW__CORE__DAGS_FOLDER=job["root"],
                 AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT=str(job["timeout"]))
    os.environ.update(given)
    tempfile.tempdir = job["scratch"]  # it may have been asked before
    sys.dont_write_bytecode = True


def send(channel, data):
    while data:
        data = data[os.write(channel, data):]
