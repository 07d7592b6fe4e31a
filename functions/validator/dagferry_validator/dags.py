"""What a DagBag of one file says: import errors as findings, and the DAGs."""
import os
import re
import sys

from .rules import FORBIDDEN, IMPORT_ERROR, NOT_FINISHED, REFUSED, finding

FRAME = re.compile(r'^  File "(.+)", line (\d+).*$', re.M)
UNFINISHED = ("MemoryError", "AirflowTaskTimeout", "DagBag import timeout")


def load(path, root):
    """Imports a file as the DAG processor does."""
    try:
        from airflow.dag_processing.dagbag import BundleDagBag  # 3.2 and later
    except ImportError:
        BundleDagBag = None
    from pathlib import Path

    if BundleDagBag is not None:
        return BundleDagBag(dag_folder=path, bundle_path=Path(root), bundle_name="dagferry")
    import inspect

    from airflow.models.dagbag import DagBag

    if root not in sys.path:
        sys.path.append(root)
    takes = inspect.signature(DagBag.__init__).parameters
    more = {"include_examples": False} if "include_examples" in takes else {}
    if "bundle_path" in takes:
        more["bundle_path"] = Path(root)
    return DagBag(dag_folder=path, **more)


def errors(bag, path, root, acts):
    """The findings of a bag. A refusal that the hook remembers need not be told again as the error that it caused."""
    found = [error(text, path, root) for text in bag.import_errors.values()]
    return [f for f in found if not any(act["line"] == f["line"] and act["message"] in f["message"] for act in acts)]


def error(text, path, root):
    """A finding of what Airflow shows: a traceback, or a line."""
    frames = list(FRAME.finditer(text))
    line, message = 0, text.strip()
    if frames:
        mine = [f for f in frames if f[1] == path or f[1].startswith(path + os.sep)]
        line = int(mine[-1][2]) if mine else 0
        # The exception follows the last frame, and is not indented as the source lines are.
        after = [part for part in text[frames[-1].end():].splitlines() if part and not part.startswith(" ")]
        message = after[0] if after else message
        inner = [f for f in frames if f[1].startswith(root + os.sep)]
        if inner and inner[-1][1] != path:
            message += " (%s:%s)" % (inner[-1][1], inner[-1][2])
        text = text[mine[0].start():] if mine else text  # how Airflow comes to import it is of no use
    rule = IMPORT_ERROR
    if message.startswith("PermissionError: [Errno 13] " + REFUSED):
        rule = FORBIDDEN
    elif any(word in message for word in UNFINISHED):
        rule = NOT_FINISHED
    return finding(rule, below(root, message).rstrip("."), line, below(root, text))


def below(root, text):
    """Paths as the author knows them."""
    return text.replace(root + os.sep, "").replace(root, ".")


def describe(bag):
    return [describe_dag(dag) for _, dag in sorted(bag.dags.items())]


def describe_dag(dag):
    edges = [[task.task_id, other] for task in dag.tasks for other in sorted(task.downstream_task_ids)]
    return {"id": str(dag.dag_id), "schedule": schedule(dag), "tasks": [str(t.task_id) for t in dag.tasks], "edges": edges}


def schedule(dag):
    """As people write it, where that can be told: a cron expression, a time, the name of a timetable; None for never."""
    for written in (getattr(dag, "schedule", None), getattr(dag, "schedule_interval", None)):
        if isinstance(written, str):
            return written
    timetable = dag.timetable
    summary = getattr(timetable, "summary", None)
    if not isinstance(summary, str):
        summary = getattr(timetable, "expression", None) or type(timetable).__name__
    return None if summary in ("None", "NullTimetable", "Never, external triggers only") else str(summary)
