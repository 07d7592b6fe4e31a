"""Values for what a file asks of Airflow while it is imported, where there is no database and nobody's secrets.

They are those that the platform's default parse test gives, so that what passes there passes here: a default if the caller has one, or
else a made-up text. What the request's environment has (AIRFLOW_VAR_X and AIRFLOW_CONN_X are Airflow's own names) comes first. A strict
request has no mocks: what is in its environment exists, and anything else is missing, as in Airflow.
"""
import importlib
import json
import os
import sys

NOTHING = object()
VARIABLE = "NON_DEFAULT_MOCKED_VARIABLE_VALUE"
KEY = "MOCKED_KEY_VALUE"


class Anything(dict):
    """What a Variable holds that is JSON: any key has a value."""

    def __missing__(self, key):
        return KEY


def install(root):
    os.getenv = getenv_below(root)
    for module in MODULES:
        try:
            found = importlib.import_module(module)
        except ImportError:
            continue
        for name, method, by in REPLACED:
            if hasattr(getattr(found, name, None), method):
                setattr(getattr(found, name), method, by)


def getenv_below(root):
    """The mock for files below root; libraries are told the truth."""
    real = os.getenv

    def getenv(key, default=None):
        value = real(key, default)
        if value or not sys._getframe(1).f_code.co_filename.startswith(root):
            return value
        return "MOCKED_%s_VALUE" % key.upper()

    return getenv


def variable(key, default=NOTHING, deserialize_json=False, default_var=NOTHING, **_):
    given = os.environ.get("AIRFLOW_VAR_" + key.upper())
    if given is not None:
        return json.loads(given) if deserialize_json else given
    for value in (default, default_var):
        if value is not NOTHING:
            return value
    return Anything() if deserialize_json else VARIABLE


def connection(cls, conn_id, *_, **__):
    kind = connection_class(cls)
    given = os.environ.get("AIRFLOW_CONN_" + conn_id.upper())
    if given is None:
        return kind(conn_id=conn_id)
    if given.lstrip().startswith("{"):
        return kind.from_json(given, conn_id=conn_id)
    return kind.from_uri(given, conn_id) if hasattr(kind, "from_uri") else kind(conn_id=conn_id, uri=given)


def connection_class(cls):
    if cls.__name__ == "Connection":
        return cls
    for module in ("airflow.sdk.definitions.connection", "airflow.models.connection"):
        try:
            return importlib.import_module(module).Connection
        except (ImportError, AttributeError):
            pass
    raise LookupError("this Airflow has no Connection")


# Airflow 2 has some of these modules, and Airflow 3 others.
MODULES = ("airflow.models.variable", "airflow.hooks.base", "airflow.sdk.definitions.variable", "airflow.sdk.definitions.connection",
           "airflow.sdk.bases.hook")
REPLACED = (("Variable", "get", staticmethod(variable)), ("BaseHook", "get_connection", classmethod(connection)),
            ("Connection", "get", classmethod(connection)))
