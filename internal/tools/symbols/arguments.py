"""Which keyword arguments a callable of Airflow takes, if its source tells for certain."""
import ast
import inspect
import textwrap
import types

PLAIN = {"DAG", "TaskGroup", "task_group", "dag", "Asset", "AssetAlias", "Dataset", "DatasetAlias"}


class Signatures:
    """The known lists of arguments, each kept once."""

    def __init__(self):
        self.known = []
        self.places = {}
        self.classes = {}

    def of(self, name, value):
        """Pairs of a suffix to the name ("", or ".virtualenv" of @task.virtualenv) and the number of its list."""
        is_class = issubclass(type(value), type)  # isinstance would ask Flask's proxies, which fail
        if is_class and is_operator(value):
            pairs = [("", self.accepted_by(value))]
        elif (is_class or type(value) is types.FunctionType) and value.__name__ in PLAIN:
            pairs = [("", plain(value))]
        elif name == "task" and type(value).__name__.endswith("DecoratorCollection"):
            pairs = list(decorators(value, self.accepted_by))
        else:
            pairs = []
        return [(suffix, self.place(found)) for suffix, found in pairs if found is not None]

    def accepted_by(self, cls):
        if cls not in self.classes:
            self.classes[cls] = accepted(cls)
        return self.classes[cls]

    def place(self, names):
        key = tuple(sorted(name for name in names if not name.startswith("_")))
        if key not in self.places:
            self.places[key] = len(self.known)
            self.known.append(key)
        return self.places[key]


def is_operator(cls):
    return bool(bases(cls))


def bases(cls):
    """Airflow's BaseOperator; in 3.0 there are two, of which the one of airflow.models hands on to the other."""
    return [c for c in cls.__mro__ if c.__name__ == "BaseOperator" and c.__module__.startswith("airflow.")]


def plain(value):
    """The arguments of a callable that takes no others; @dag of Airflow 3 hands them on to DAG."""
    try:
        parameters = inspect.signature(value).parameters
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        if value.__name__ != "dag" or "__DAG_class" not in parameters:
            return None
        inner = plain(parameters["__DAG_class"].default)
        return inner and inner | {name for name in parameters if name == "dag_id_or_func"}
    return {name for name, p in parameters.items() if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}


def accepted(cls):
    """The union of what the __init__s from a class up to BaseOperator take, or None if something else may be taken."""
    names = set()
    for owner in cls.__mro__:
        if "__init__" not in owner.__dict__:
            continue
        last = owner is bases(cls)[-1]
        found = takes(owner.__dict__["__init__"], last)
        if found is None:
            return None
        names |= found
        if last:
            return names
    return None


def takes(init, last):
    """The arguments of one __init__, or None unless it hands the rest to super().__init__, or is the last and refuses it."""
    try:
        function = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(init)))).body[0]
    except (OSError, TypeError, SyntaxError):
        return None
    if not isinstance(function, ast.FunctionDef) or function.args.kwarg is None:
        return None
    names = {a.arg for a in [*function.args.args[1:], *function.args.kwonlyargs]}
    use = Use(function.args.kwarg.arg)
    for statement in function.body:
        use.visit(statement)
    if not last and (use.otherwise or not use.handed or use.kept):
        return None
    return names | use.read


class Use(ast.NodeVisitor):
    """What becomes of **kwargs."""

    def __init__(self, name):
        self.name = name
        self.read = set()  # names taken out of it
        self.handed = False  # to super().__init__
        self.kept = False  # a super().__init__ does without
        self.otherwise = False

    def visit_Name(self, node):
        self.otherwise |= node.id == self.name

    def is_it(self, node):
        return isinstance(node, ast.Name) and node.id == self.name

    def visit_Call(self, node):
        if is_super_init(node.func):
            given = [k for k in node.keywords if k.arg is None and self.is_it(k.value)]
            self.handed |= bool(given)
            self.kept |= not given
            for k in node.keywords:
                if k not in given:
                    self.visit(k.value)
            for argument in node.args:
                self.visit(argument)
        elif isinstance(node.func, ast.Attribute) and self.is_it(node.func.value) and self.known(node):
            for argument in [*node.args, *(k.value for k in node.keywords)]:
                self.visit(argument)
        else:
            self.generic_visit(node)

    def known(self, call):
        """kwargs.get("x"), pop, setdefault; and update, which only adds."""
        if call.func.attr == "update":
            return True
        if call.func.attr not in ("get", "pop", "setdefault") or not call.args:
            return False
        return self.key(call.args[0])

    def key(self, node):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.read.add(node.value)
            return True
        return False

    def visit_Subscript(self, node):
        if not (self.is_it(node.value) and self.key(node.slice)):
            self.generic_visit(node)

    def visit_Compare(self, node):
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)) and self.is_it(node.comparators[0]):
            if self.key(node.left):
                return
        self.generic_visit(node)


def is_super_init(node):
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "__init__"
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "super"
    )


def decorators(task, accepted_by):
    """@task and @task.virtualenv and so on: the arguments of the operator behind each, and of the decorator itself."""
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    manager.initialize_providers_taskflow_decorator()
    names = {name for name in dir(type(task)) if not name.startswith("_")} | set(manager.taskflow_decorators)
    for name in sorted(names):
        found = decorator(task, name, accepted_by)
        yield "." + name, found
        if name == "python":
            yield "", found


def decorator(task, name, accepted_by):
    def body():
        return None

    try:
        function = getattr(task, name)
        operator = function(python_callable=body).operator_class
    except Exception:  # it wants a package that is not there, or is no decorator of an operator
        return None
    found = accepted_by(operator)
    explicit = set(inspect.signature(function).parameters) - {"kwargs"}
    return None if found is None else found | explicit | {"multiple_outputs"}
