"""Says of each file below a folder whether this environment's Airflow can import it.

imports.py DIR prints one JSON object a line: {"file": PATH, "error": what importing it raised, and its text}. Each file is
imported in a process of its own, forked when the modules of Airflow that the files ask for have been imported, as the DAG
processor does (parsing_pre_import_modules).
"""
import ast
import importlib
import importlib.util
import json
import logging
import multiprocessing
import os
import pathlib
import sys
import tempfile
import warnings

HOME = tempfile.mkdtemp()
os.environ.update(
    AIRFLOW_HOME=HOME,
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite:///" + HOME + "/airflow.db",
)
warnings.simplefilter("ignore")
sys.pycache_prefix = os.path.join(sys.prefix, "pycache")  # not beside the files of others
logging.disable(logging.CRITICAL)

import airflow.models.dagbag  # noqa: E402,F401  (as the DAG processor has it, before it reads a file)


def asked(path):
    """The modules of Airflow that a file wants."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module.startswith("airflow.") and ".example_dags" not in node.module:
            yield node.module


def load(path, name, results):
    sys.stdout = sys.stderr
    try:
        spec = importlib.util.spec_from_file_location("dagferry_" + name.replace(".", "_"), path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except BaseException as error:
        results.put([type(error).__name__, str(error)])
    else:
        results.put(None)


def tried(path, name):
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    process = context.Process(target=load, args=(path, name, results))
    process.start()
    error = results.get()
    process.join()
    return error


root = pathlib.Path(sys.argv[1])
files = sorted(root.glob("**/*.py"))
for module in sorted({module for path in files for module in asked(path)}):
    try:
        importlib.import_module(module)
    except Exception:
        pass
for path in files:
    name = ".".join(path.relative_to(root).with_suffix("").parts)
    print(json.dumps({"file": str(path.relative_to(root)), "error": tried(path, name)}), flush=True)
sys.stdout.flush()
os._exit(0)
