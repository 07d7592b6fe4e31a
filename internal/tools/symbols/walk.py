"""Tells what can be imported from the Airflow of this environment: run by the program beside it.

walk OUT          writes {module: [names that may be in it]}, from files, dir(), __all__ and the tables of lazy imports.
ask CANDIDATES OUT imports each of those, of all versions, as `from module import name` does, and writes what came of it.

The environment is thrown away: everything is imported into one process, as Airflow's own modules have been when a DAG is.
"""
import ast
import importlib
import importlib.metadata
import inspect
import json
import logging
import os
import pkgutil
import sys
import tempfile
import types
import warnings

HOME = tempfile.mkdtemp()
os.environ.update(
    AIRFLOW_HOME=HOME,
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite:///" + HOME + "/airflow.db",
)
warnings.simplefilter("ignore")

sys.dont_write_bytecode = True
import arguments  # noqa: E402  (beside this file, where no __pycache__ is wanted)

sys.dont_write_bytecode = False  # Airflow is imported twice

SKIPPED = {"__main__", "example_dags", "tests", "migrations"}
NOBODYS = "dagferry_asks_for_a_name_that_nobody_has"


def modules():
    """All modules of the package airflow by their files, in folders without an __init__.py as well."""
    import airflow

    found = {"airflow"}
    pending = [("airflow", list(airflow.__path__))]
    while pending:
        package, folders = pending.pop()
        for folder in folders:
            for entry in os.scandir(folder):
                name, ends = os.path.splitext(entry.name)
                if not name.isidentifier() or name in SKIPPED or name == "__pycache__":
                    continue
                if entry.is_dir() and has_python(entry.path):
                    found.add(package + "." + entry.name)
                    pending.append((package + "." + entry.name, [entry.path]))
                elif ends == ".py" and name != "__init__":
                    found.add(package + "." + name)
    return found


def has_python(folder):
    return any(name.endswith(".py") for _, _, names in os.walk(folder) for name in names)


def load(name):
    """The module, or the exception that its import raises."""
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also SystemExit, and pytest's
        return error


def wanted(name):
    return name.isidentifier() and not (name.startswith("__") and name.endswith("__"))


def candidates(module):
    names = {*dir(module), *(getattr(module, "__all__", None) or ())}
    lazily = module.__dict__.get("__getattr__")
    if lazily is not None:
        names.update(strings_of(module), tables_of(lazily))
    return sorted(name for name in names if isinstance(name, str) and wanted(name))


def strings_of(module):
    """All strings in a module's source that could be names: those that its __getattr__ knows are among them."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError):
        return set()
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def tables_of(function):
    """The keys of the dicts that a __getattr__ made by functools.partial or a closure looks into."""
    held = []
    if hasattr(function, "func"):
        held += [*function.args, *function.keywords.values()]
    for cell in getattr(function, "__closure__", None) or ():
        held.append(cell.cell_contents)
    names = set()
    for table in held:
        if isinstance(table, dict):
            names.update(table)
            if isinstance(table.get("*"), str):  # all of another module
                names.update(dir(load(table["*"])))
    return names


def walk(out):
    importlib.import_module("airflow.models.dagbag")
    names = sorted(modules())
    loaded = {name: load(name) for name in names}
    for name, module in list(sys.modules.items()):  # those that shims put there
        if name.startswith("airflow.") and isinstance(module, types.ModuleType):
            if not SKIPPED.intersection(name.split(".")) and name.replace(".", "_").isidentifier():
                loaded.setdefault(name, module)
    write(out, {name: candidates(m) if isinstance(m, types.ModuleType) else [] for name, m in sorted(loaded.items())})


def missing(error, name):
    """Whether an import failed since there is no such module, and not for want of something else."""
    return isinstance(error, ModuleNotFoundError) and error.name is not None and (name + ".").startswith(error.name + ".")


def fetch(module, name):
    """What `from module import name` gives, or the exception."""
    try:
        found = __import__(module.__name__, fromlist=[name])
        try:
            return getattr(found, name), None
        except AttributeError:
            return sys.modules[module.__name__ + "." + name], None
    except KeyError as error:
        return None, AttributeError(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return None, error


def ask(questions, out):
    importlib.import_module("airflow.models.dagbag")
    with open(questions) as file:
        union = json.load(file)
    here = modules()
    answers, signatures = {}, arguments.Signatures()
    for name in sorted(union):
        module = load(name)
        if isinstance(module, types.ModuleType):
            answers[name] = ask_module(module, name, union[name], signatures)
        elif name in here or not missing(module, name):
            answers[name] = {"unknown": "%s: %s" % (type(module).__name__, module)}
    write(out, {
        "version": importlib.metadata.version("apache-airflow"),
        "python": "%d.%d" % sys.version_info[:2],
        "packages": sorted(n for n in importlib.metadata.packages_distributions() if n.isidentifier()),
        "providers": providers(),
        "modules": answers,
        "signatures": signatures.known,
    })


def ask_module(module, name, names, signatures):
    answer = {"names": [], "doubtful": [], "calls": {}, "homes": []}
    value, error = fetch(module, NOBODYS)
    answer["dynamic"] = not isinstance(error, AttributeError)
    for wish in sorted({*names, *candidates(module)}):
        value, error = fetch(module, wish)
        if error is None:
            answer["names"].append(wish)
            if issubclass(type(value), type) and value.__module__ == name:  # isinstance would ask Flask's proxies
                answer["homes"].append(wish)
            for suffix, accepted in signatures.of(wish, value):
                answer["calls"][wish + suffix] = accepted
        elif not isinstance(error, AttributeError):
            answer["doubtful"].append(wish)
    return answer


def providers():
    """The providers' packages: airflow.providers.common.sql and so on."""
    found = []
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"].lower().replace("_", "-").replace(".", "-")
        if name.startswith("apache-airflow-providers-"):
            found.append("airflow.providers." + provider_package(distribution, name))
    return sorted(found)


def provider_package(distribution, name):
    """The package of a distribution: common-sql is common.sql, but apache-hive might be apache_hive."""
    files = {str(file) for file in distribution.files or ()}
    parts = name.removeprefix("apache-airflow-providers-").split("-")
    for glue in (".", "_"):
        if "airflow/providers/" + glue.join(parts).replace(".", "/") + "/__init__.py" in files:
            return glue.join(parts)
    raise SystemExit("cannot tell which package %s has" % name)


def write(out, value):
    with open(out, "w") as file:
        json.dump(value, file, indent=0, sort_keys=True)


logging.disable(logging.CRITICAL)
{"walk": walk, "ask": ask}[sys.argv[1]](*sys.argv[2:])
os._exit(0)  # whatever threads have been started
