"""Answers which files the real Airflow of this environment would read: one JSON object a line, in and out.

In:  {"dir": FOLDER}
Out: {"processor": FILES, "dagbag": FILES} or {"error": TEXT}, FILES relative to the folder.
What the DAG processor lists and what a DagBag lists differ from Airflow 3.3 on.
"""
import json
import logging
import os
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
os.environ.update(
    AIRFLOW_HOME=tempfile.mkdtemp(),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite://",
    _AIRFLOW__AS_LIBRARY="1",
)

from airflow.utils.file import list_py_file_paths  # noqa: E402

try:
    from airflow.dag_processing.importers.python_importer import PythonDagImporter
except ImportError:
    dagbag = list_py_file_paths
else:
    dagbag = PythonDagImporter().list_dag_files


def listed(folder, how):
    return sorted(os.path.relpath(path, folder) for path in how(folder, safe_mode=True))


def answer(folder):
    try:
        return {"processor": listed(folder, list_py_file_paths), "dagbag": listed(folder, dagbag)}
    except Exception as error:
        return {"error": "%s: %s" % (type(error).__name__, error)}


logging.disable(logging.CRITICAL)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line)["dir"])), flush=True)
