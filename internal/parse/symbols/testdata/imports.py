"""Says of each file what it imports at its top, and whether this environment's Airflow can import it.

imports.py ROOT: ROOT is a folder that has the package airflow, of another version. Of the files below its folders named
example_dags, one JSON object a line: {"file": PATH, "imports": [[MODULE, NAME or ""]], "error": what importing it raised,
and its text}. Each file is imported in a process of its own, forked when the modules of Airflow that the files ask for have been imported,
as the DAG processor does (parsing_pre_import_modules).
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


def imports(tree, package):
    """What is imported whenever the file is: not below if, try, def or suppress(ImportError), but in other with blocks."""
    for node in tree.body:
        if isinstance(node, ast.With) and "suppress" not in "".join(map(ast.unparse, node.items)):
            yield from imports(node, package)
        elif isinstance(node, ast.Import):
            yield from ([alias.name, ""] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                module = importlib.util.resolve_name("." * node.level + module, package)
            yield from ([module, "" if alias.name == "*" else alias.name] for alias in node.names)


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


def preload(modules):
    for module in modules:
        if module.startswith("airflow") and ".example_dags" not in module:
            try:
                importlib.import_module(module)
            except Exception:
                pass


root = pathlib.Path(sys.argv[1])
files = {}
for path in sorted(root.glob("airflow/**/example_dags/**/*.py")):
    name = ".".join(path.relative_to(root).with_suffix("").parts)
    files[path] = name, list(imports(ast.parse(path.read_bytes()), name.rpartition(".")[0]))
preload(sorted({module for _, found in files.values() for module, _ in found}))
for path, (name, found) in files.items():
    print(json.dumps({"file": str(path.relative_to(root)), "imports": found, "error": tried(path, name)}), flush=True)
sys.stdout.flush()
os._exit(0)
