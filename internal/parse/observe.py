# What a file says of itself, as far as that can be told without running it: what it imports, which DAGs and tasks it
# makes, and what it does each time that it is parsed. worker.py comes after this in one text.

try:
    import _ast
except ImportError:  # no CPython
    _ast = None

# Whether something runs when the file is imported: each time; or any number of times; or when somebody calls the
# function that it is in; or nobody knows, as below if and try.
ALWAYS, LOOP, LATER, MAYBE = range(4)

DAG_ID, TASK_ID, TASK_TWICE, CYCLE = "DF301", "DF303", "DF304", "DF307"
VARIABLE, MOVING_START, HEAVY = "DF401", "DF402", "DF403"

DAGS = {"airflow.DAG", "airflow.models.DAG", "airflow.models.dag.DAG", "airflow.sdk.DAG", "airflow.sdk.definitions.dag.DAG"}
DAG_MAKERS = {"airflow.decorators.dag", "airflow.sdk.dag", "airflow.models.dag.dag", "airflow.decorators.dag.dag"}
TASK_MAKERS = ("airflow.decorators.task", "airflow.sdk.task")  # and task.branch, task_group, …
GROUPS = {"airflow.utils.task_group.TaskGroup", "airflow.sdk.TaskGroup", "airflow.sdk.definitions.taskgroup.TaskGroup"}
PLAIN_GROUP = {"group_id", "tooltip", "ui_color", "ui_fgcolor"}  # arguments that leave the ids as they are
CHAINS = {
    "airflow.models.baseoperator.chain", "airflow.sdk.chain", "airflow.utils.helpers.chain",
    "airflow.sdk.definitions._internal.contextmixin.chain", "airflow.sdk.bases.operator.chain",
}
VARIABLES = {"airflow.models.Variable", "airflow.models.variable.Variable", "airflow.sdk.Variable"}
NOW = {
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "pendulum.now",
    "pendulum.today", "pendulum.yesterday", "pendulum.tomorrow", "airflow.utils.timezone.utcnow", "airflow.utils.dates.days_ago",
}
SLOW = {
    "requests.get", "requests.post", "requests.put", "requests.patch", "requests.delete", "requests.head", "requests.request",
    "httpx.get", "httpx.post", "httpx.put", "httpx.patch", "httpx.delete", "httpx.head", "httpx.request",
    "urllib.request.urlopen", "urllib.request.urlretrieve", "time.sleep", "os.system", "os.popen",
    "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output", "subprocess.Popen",
    "pandas.read_csv", "pandas.read_sql", "pandas.read_sql_query", "pandas.read_sql_table", "pandas.read_parquet",
    "pandas.read_excel", "pandas.read_json", "pandas.read_gbq", "boto3.client", "boto3.resource",
    "psycopg2.connect", "psycopg.connect", "pymysql.connect", "MySQLdb.connect", "pyodbc.connect", "oracledb.connect",
    "cx_Oracle.connect", "snowflake.connector.connect", "redshift_connector.connect", "clickhouse_connect.get_client",
    "airflow.hooks.base.BaseHook.get_connection", "airflow.hooks.base_hook.BaseHook.get_connection", "airflow.sdk.BaseHook.get_connection",
    "airflow.sdk.Connection.get", "airflow.models.Connection.get_connection_from_secrets",
    "airflow.models.connection.Connection.get_connection_from_secrets",
}
LONGEST_KEY = 250  # of a dag_id or task_id
ARGUMENTS, EDGES = 2000, 5000  # of a file: one with more is a program's, and the rest of it is not looked at


class Says:
    """What a file says of itself, with the lines where it does so."""

    def __init__(self, anything=False):
        self.imports = {}  # "module", or "module:name" for what is taken from it -> (line, where)
        self.dags = []  # (id, line), those that are surely made
        self.crons = []  # (expression, line, where)
        self.calls = []  # (dotted name, where, [(argument, line)]) of what belongs to Airflow
        self.ignores = []  # (line, rule)
        self.facts = []  # (rule, message, where, node, whether it is somebody's own operator that decides)
        self.arguments = 0
        self.anything = anything  # nobody can tell what is imported


def observe(tree, data):
    says = Says()
    Reader(says).read(tree)
    if b"__import__" in data or b"sys.path" in data or b"__path__" in data or any(map(dynamic, says.imports)):
        says.anything = True
    if len(says.imports) > IMPORTS or sum(map(len, says.imports)) > LETTERS:
        says.imports, says.anything = {}, True
    if b"dagferry:" in data:
        says.ignores = list(ignores(decode(data)[0]))
    return says


def ignores(text):
    """What "# dagferry: ignore=DF105,DF201" at the end of a line asks for."""
    for number, line in enumerate(text.split("\n"), 1):
        _, mark, rules = line.rpartition("dagferry: ignore=")
        if mark and "#" in line:
            for rule in rules.replace(",", " ").split()[:MOST]:
                yield number, rule[:LONGEST_KEY]


def dynamic(name):
    """Whether what is imported serves to import by a name that is made while running."""
    module, _, taken = name.partition(":")
    first, _, rest = module.partition(".")
    if first == "importlib":
        return (rest or taken).partition(".")[0] not in ("metadata", "resources")
    return first in ("imp", "runpy", "pkgutil", "zipimport") or taken == "import_string"


class Dag:
    """A DAG, as far as the file says what is in it."""

    def __init__(self):
        self.tasks = {}  # id -> line, and whether the operator is somebody's own, of those that are surely made


class Scope:
    """The names of a module or a function."""

    def __init__(self, outer=None):
        self.outer = outer
        self.names = {}  # what an import bound a name to; "" for whatever else
        self.dags = {}  # a name -> Dag
        self.tasks = {}  # a name -> what stands for the value that it has now
        self.edges = []  # (from, to, node)
        self.bound = 0
        self.loose = set()  # names that a function binds
        self.left = False  # whether a return may have left it before

    def bind(self, name, dotted=""):
        self.names[name] = "" if name in self.loose else dotted
        self.dags.pop(name, None)
        self.tasks.pop(name, None)

    def dotted(self, node):
        """airflow.models.DAG, for the DAG of "from airflow.models import DAG"; "" if nobody knows."""
        rest = []
        while type(node) is _ast.Attribute:
            rest.append(node.attr)
            node = node.value
        if type(node) is not _ast.Name:
            return ""
        scope = self
        while scope and node.id not in scope.names:
            scope = scope.outer
        head = scope and scope.names[node.id]
        return ".".join([head] + rest[::-1]) if head else ""

    def dag(self, name):
        scope = self
        while scope and name not in scope.names:
            scope = scope.outer
        return scope and name not in scope.loose and scope.dags.get(name) or None


class Reader:
    """Goes through a file's statements in their order."""

    def __init__(self, says):
        self.says = says
        self.scope = Scope()
        self.dag = None  # whose context a statement is in
        self.prefix = ""  # of task ids there; None if nobody knows
        self.task_body = False  # whether this is in a task's function, of which only the imports matter

    def read(self, tree):
        self.block(tree.body, ALWAYS)
        self.circle()

    def block(self, body, where):
        for node in body:
            handle = STATEMENTS.get(type(node))
            if handle:
                handle(self, node, MAYBE if where == ALWAYS and self.scope.left else where)

    def fact(self, rule, message, where, node, own=False):
        if where != MAYBE and len(self.says.facts) < MOST:
            self.says.facts.append((rule, message, where, node, own))

    # Statements.

    def imports(self, node, where):
        for alias in node.names:
            self.imported(alias.name, where, node, alias)
            first = alias.name.partition(".")[0]
            self.take(alias.asname or first, alias.name if alias.asname else first, where)

    def imports_from(self, node, where):
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            self.imported(module + ":" + alias.name, where, node, alias)
            self.take(alias.asname or alias.name, "" if node.level else module + "." + alias.name, where)

    def take(self, name, dotted, where):
        """Binds what is imported. If it may as well be what the name stood for before, as in the branches of a version
        switch, then nobody knows, unless both are Airflow's, by the same name."""
        before = self.scope.names.get(name)
        if where == MAYBE and before is not None and before != dotted:
            for one in (before, dotted):
                if not one.startswith("airflow.") or one.rpartition(".")[2] != dotted.rpartition(".")[2]:
                    dotted = ""
        self.scope.bind(name, dotted)

    def imported(self, name, where, node, alias):
        """Remembers the one that matters most."""
        known = self.says.imports.get(name)
        if not known or where < known[1]:
            self.says.imports[name] = getattr(alias, "lineno", node.lineno), where

    def assign(self, node, where):
        if node.value is not None:  # it is no mere annotation
            self.expression(node.value, where)
        targets = node.targets if type(node) is _ast.Assign else [node.target]
        name = targets[0].id if len(targets) == 1 and type(targets[0]) is _ast.Name else None
        for target in targets:
            self.unbind(target)
        if name is None:
            return
        if type(node.value) is _ast.Call:
            scope = self.scope
            scope.bound += 1
            scope.tasks[name] = (name, scope.bound)
            if scope.dotted(node.value.func) in DAGS:
                scope.dags[name] = self.made
        elif type(node.value) in (_ast.Name, _ast.Attribute):
            self.scope.names[name] = self.scope.dotted(node.value)

    def augmented(self, node, where):
        self.expression(node.value, where)
        self.unbind(node.target)

    def unbind(self, target):
        todo = [target]
        while todo:
            node = todo.pop()
            if type(node) is _ast.Name:
                self.scope.bind(node.id)
            elif type(node) in (_ast.Tuple, _ast.List):
                todo += node.elts
            elif type(node) is _ast.Starred:
                todo.append(node.value)

    def statement(self, node, where):
        """An expression, or what has one as its value."""
        if node.value is not None:
            self.expression(node.value, where)
            if type(node) is _ast.Expr and where == ALWAYS:
                self.edges(node.value)
        if type(node) is _ast.Return:
            self.scope.left = True

    def loop(self, node, where):
        for field in ("iter", "test"):
            if hasattr(node, field):
                self.expression(getattr(node, field), where)
        if hasattr(node, "target"):
            self.unbind(node.target)
        self.block(node.body, max(where, LOOP))
        self.block(node.orelse, max(where, LOOP))

    def condition(self, node, where):
        while True:  # elif by elif: each is in the else of the one before
            self.expression(node.test, where)
            self.block(node.body, max(where, MAYBE))
            if len(node.orelse) != 1 or type(node.orelse[0]) is not _ast.If:
                return self.block(node.orelse, max(where, MAYBE))
            node = node.orelse[0]

    def attempt(self, node, where):
        self.block(node.body, max(where, MAYBE))
        for handler in node.handlers:
            self.block(handler.body, max(where, MAYBE))
        self.block(node.orelse, max(where, MAYBE))
        self.block(node.finalbody, max(where, MAYBE))

    def match(self, node, where):
        self.expression(node.subject, where)
        for case in node.cases:
            self.block(case.body, max(where, MAYBE))

    def context(self, node, where):
        outside = self.dag, self.prefix
        inside = where
        for item in node.items:
            self.expression(item.context_expr, where)
            if type(item.context_expr) is _ast.Call and self.scope.dotted(item.context_expr.func) == "contextlib.suppress":
                inside = max(where, MAYBE)
            if item.optional_vars is not None:
                self.unbind(item.optional_vars)
            self.enter(item)
        self.block(node.body, inside)
        self.dag, self.prefix = outside

    def enter(self, item):
        """Whatever is no plain DAG or TaskGroup may be one of them in disguise: then nobody knows the tasks' ids."""
        made, name = item.context_expr, item.optional_vars
        kind = self.scope.dotted(made.func) if type(made) is _ast.Call else ""
        if type(made) is _ast.Name and self.scope.dag(made.id):
            self.dag, self.prefix = self.scope.dag(made.id), ""
        elif kind in DAGS:
            self.dag, self.prefix = self.made, ""
            if type(name) is _ast.Name:
                self.scope.dags[name.id] = self.made
        elif kind in GROUPS and self.prefix is not None and all(k.arg in PLAIN_GROUP for k in made.keywords):
            group = literal(argument(made, "group_id", 0))
            self.prefix = self.prefix + group + "." if group is not None and len(made.args) < 2 else None
        else:
            self.prefix = None

    def function(self, node, where):
        makes, task_body = False, self.task_body
        for decorator in node.decorator_list:
            self.expression(decorator, where)
            call = decorator if type(decorator) is _ast.Call else None
            name = self.scope.dotted(call.func if call else decorator)
            if name in DAG_MAKERS:
                makes = True
                self.new_dag(call, where, node)
            self.task_body = self.task_body or name.startswith(TASK_MAKERS)
        for default in node.args.defaults + [d for d in node.args.kw_defaults if d is not None]:
            self.expression(default, where)
        self.scope.bind(node.name)
        outside = self.scope, self.dag, self.prefix
        self.scope, self.prefix = Scope(self.scope), ""
        self.dag = self.made if makes else None
        for parameter in parameters(node.args):
            self.scope.bind(parameter.arg)
        self.block(node.body, where if makes else max(where, LATER))
        self.circle()
        self.scope, self.dag, self.prefix = outside
        self.task_body = task_body

    def elsewhere(self, node, where):
        """"global x" and "nonlocal x": a function may bind x anew whenever it is called."""
        scope = self.scope
        while scope:
            for name in node.names:
                scope.loose.add(name)
                scope.bind(name)
            scope = scope.outer

    def klass(self, node, where):
        for expression in node.decorator_list + node.bases:
            self.expression(expression, where)
        self.scope.bind(node.name)
        outside = self.scope
        self.scope = Scope(self.scope)
        self.block(node.body, where)
        self.scope = outside

    # Expressions.

    def expression(self, node, where):
        """Looks at the calls in it, the outermost first. A lambda's are made later, a comprehension's any number of
        times."""
        if self.task_body or type(node) in LEAVES:
            return
        todo = [(node, where)]
        while todo:
            node, where = todo.pop()
            kind = type(node)
            if kind is _ast.Call:
                self.call(node, where)
            elif kind is _ast.Dict:
                self.default_arguments(node, where)
            elif kind is NAMED:
                self.unbind(node.target)
            elif kind in LOOPS:
                where = max(where, LOOP)
            elif kind in UNSURE:
                where = max(where, MAYBE)
            for field in INSIDE.get(kind, ()):
                inside = getattr(node, field)
                for one in reversed(inside) if type(inside) is list else (inside,):
                    if type(one) is _ast.keyword:
                        one = one.value
                    if type(one) not in LEAVES:
                        todo.append((one, where))

    def call(self, node, where):
        name = self.scope.dotted(node.func)
        if name in DAGS:
            self.new_dag(node, where)
        if node.keywords:
            self.keywords(node, name, where)
        if where <= LOOP:
            self.slow(node, name, where)

    def keywords(self, node, name, where):
        names = [keyword.arg for keyword in node.keywords]
        if "task_id" in names:
            self.task(node, name, where)
        if "start_date" in names:
            self.start(argument(node, "start_date"), where)
        if name.startswith("airflow.") and (name in DAG_MAKERS or name.rpartition(".")[2][:1].isupper()):
            self.called(node, name, where)

    def called(self, node, name, where):
        taken = [(k.arg, k.value.lineno) for k in node.keywords if k.arg]
        self.says.arguments += len(taken)
        if taken and where != MAYBE and self.says.arguments <= ARGUMENTS:
            self.says.calls.append((name, where, taken))

    def new_dag(self, node, where, function=None):
        """Of a call of DAG, or of a function that @dag makes one of (maybe without a call)."""
        self.made = Dag()
        given = argument(node, "dag_id", 0) if node else None
        name, at = literal(given), given
        if function and given is None:
            name, at = function.name, function
        if name is not None:
            self.key(DAG_ID, "dag_id", name, where, at)
            if where == ALWAYS and not self.scope.outer:
                self.says.dags.append((name, at.lineno))
        for schedule in ("schedule", "schedule_interval"):
            at = argument(node, schedule) if node else None
            if literal(at) is not None and where != MAYBE:
                self.says.crons.append((literal(at), at.lineno, where))

    def task(self, node, name, where):
        given = argument(node, "task_id")
        task_id = literal(given)
        if task_id is None or not makes_task(node.func, name):
            return
        own = not name.startswith("airflow.")
        self.key(TASK_ID, "task_id", task_id, where, given, own)
        dag, prefix = self.dag, self.prefix
        other = argument(node, "dag")
        if other is not None:
            named = self.scope.dag(other.id) if type(other) is _ast.Name else None
            if named is not dag:
                dag, prefix = named, "" if prefix == "" else None
        if dag is None or prefix is None or where != ALWAYS or argument(node, "task_group") is not None:
            return
        if name.startswith(TASK_MAKERS):  # the second of these gets another id
            return
        own = own or any(keyword.arg is None for keyword in node.keywords)  # which may have another dag
        whole = prefix + task_id
        if whole in dag.tasks:
            line, first = dag.tasks[whole]
            self.fact(TASK_TWICE, 'task_id "%s" is that of the task in line %d already' % (whole, line), where, given, own or first)
        dag.tasks.setdefault(whole, (given.lineno, own))

    def key(self, rule, what, value, where, node, own=False):
        """As Airflow's validate_key has it: a regular expression's \\w, hyphens and dots."""
        text = value[:-1] if value.endswith("\n") else value
        if len(value) > LONGEST_KEY:
            self.fact(rule, "%s has %d characters, and Airflow takes %d" % (what, len(value), LONGEST_KEY), where, node, own)
        elif not text.replace("_", "a").replace("-", "a").replace(".", "a").isalnum():
            self.fact(rule, '%s "%s" has other characters than letters, digits, "_", "-" and "."' % (what, value), where, node, own)

    def start(self, node, where):
        while type(node) is _ast.BinOp:
            node = node.left
        if type(node) is _ast.Call:
            name = self.scope.dotted(node.func)
            if name in NOW:
                message = "start_date is %s(), another time in each parse: give it a date" % name
                self.fact(MOVING_START, message, where, node)

    def default_arguments(self, node, where):
        for key, value in zip(node.keys, node.values):
            if literal(key) == "start_date":
                self.start(value, where)

    def slow(self, node, name, where):
        if name.endswith("Variable.get") and name[:-4] in VARIABLES:
            what = "it asks Airflow's database each time that the file is parsed: use a template, or read it in a task"
            self.fact(VARIABLE, "Variable.get: " + what, where, node)
        elif name in SLOW:
            what = "it runs each time that the file is parsed, not when a task does: move it into a task"
            self.fact(HEAVY, "%s: %s" % (name, what), where, node)
        elif not name and type(node.func) is _ast.Attribute and type(node.func.value) is _ast.Call:
            hook = self.scope.dotted(node.func.value.func)
            if hook.startswith("airflow.") and hook.endswith("Hook"):
                what = "it connects each time that the file is parsed: move it into a task"
                self.fact(HEAVY, "%s.%s: %s" % (hook.rpartition(".")[2], node.func.attr, what), where, node)

    # What depends on what, as far as names say it.

    def edges(self, node):
        if type(node) is _ast.BinOp:
            self.shifts(node)
        elif type(node) is not _ast.Call:
            return
        elif self.scope.dotted(node.func) in CHAINS:
            steps = [self.named(step) for step in node.args]
            for before, after in zip(steps, steps[1:]):
                self.edge(before, after, node)
        elif type(node.func) is _ast.Attribute and node.func.attr in ("set_downstream", "set_upstream") and len(node.args) == 1:
            ends = [self.named(node.func.value), self.named(node.args[0])]
            self.edge(*(ends if node.func.attr == "set_downstream" else ends[::-1]), node)

    def shifts(self, node):
        steps = []
        while type(node) is _ast.BinOp:
            steps.append((type(node.op), node.right))
            node = node.left
        before = self.named(node)
        for operator, right in reversed(steps):
            after = self.named(right)
            if operator is _ast.RShift:
                self.edge(before, after, right)
            elif operator is _ast.LShift:
                self.edge(after, before, right)
            before = after

    def named(self, node):
        """What tasks an operand stands for."""
        elements = node.elts if type(node) in (_ast.List, _ast.Tuple) else [node]
        tasks = [self.scope.tasks.get(e.id) for e in elements if type(e) is _ast.Name]
        return [task for task in tasks if task]

    def edge(self, before, after, node):
        edges = self.scope.edges
        for task in before:
            if len(edges) >= EDGES:
                return
            edges += [(task, other, node) for other in after]

    def circle(self):
        """Finds one circle of a scope, by depth first."""
        after = {}
        for a, b, node in self.scope.edges:
            after.setdefault(a, []).append((b, node))
        done, path, at = set(), [], {}
        for first in after:
            todo = [(first, None, iter(after[first]))] if first not in done else []
            while todo:
                task, node, rest = todo[-1]
                if task not in at:
                    at[task] = len(path)
                    path.append(task)
                following = next(rest, None)
                if following is None:
                    done.add(task)
                    del at[task]
                    path.pop()
                    todo.pop()
                elif following[0] in at:
                    names = [name for name, _ in path[at[following[0]]:] + [following[0]]]
                    more = " -> …" if len(names) > MOST else ""
                    message = "tasks depend on each other in a circle: " + " -> ".join(names[:MOST]) + more
                    return self.fact(CYCLE, message, ALWAYS, following[1])
                elif following[0] not in done:
                    todo.append(following + (iter(after.get(following[0], ())),))


def literal(node):
    return node.value if type(node) is _ast.Constant and type(node.value) is str else None


def argument(call, name, at=None):
    """A call's argument, by its name or its place."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if at is not None and at < len(call.args) and not any(type(a) is _ast.Starred for a in call.args[: at + 1]):
        return call.args[at]
    return None


def parameters(arguments):
    more = [a for a in (arguments.vararg, arguments.kwarg) if a]
    return arguments.posonlyargs + arguments.args + arguments.kwonlyargs + more


def makes_task(function, name):
    """Whether a call is an operator's: by what it is called, or as what Operator.partial() it is."""
    if type(function) is _ast.Attribute and function.attr == "partial":
        function, name = function.value, name.rpartition(".")[0]
    last = function.attr if type(function) is _ast.Attribute else getattr(function, "id", "")
    return name in TASK_MAKERS or (name.rpartition(".")[2] or last).endswith(("Operator", "Sensor"))


def kinds(*names):
    """Types of nodes, those that this interpreter has."""
    return [getattr(_ast, name) for name in names if hasattr(_ast, name)]


STATEMENTS, INSIDE, LOOPS, UNSURE, LEAVES, NAMED = {}, {}, (), (), (), None
if _ast:
    NAMED = getattr(_ast, "NamedExpr", None)
    LEAVES = {type(None), *kinds("Name", "Constant", "Load", "Store")}
    for names, handle in (
        (("Import",), Reader.imports), (("ImportFrom",), Reader.imports_from), (("Assign", "AnnAssign"), Reader.assign),
        (("AugAssign",), Reader.augmented), (("Expr", "Return"), Reader.statement), (("If",), Reader.condition),
        (("For", "AsyncFor", "While"), Reader.loop), (("Try", "TryStar"), Reader.attempt), (("Match",), Reader.match),
        (("With", "AsyncWith"), Reader.context), (("FunctionDef", "AsyncFunctionDef"), Reader.function), (("ClassDef",), Reader.klass),
        (("Global", "Nonlocal"), Reader.elsewhere),
    ):
        STATEMENTS.update((kind, handle) for kind in kinds(*names))
    LOOPS = kinds("ListComp", "SetComp", "GeneratorExp", "DictComp")
    UNSURE = kinds("IfExp", "BoolOp")
    for names, fields in (
        (("Call",), ("func", "args", "keywords")), (("Attribute", "Starred", "Await", "Subscript", "NamedExpr"), ("value",)),
        (("BinOp",), ("left", "right")), (("List", "Tuple", "Set"), ("elts",)), (("Dict",), ("values",)), (("BoolOp",), ("values",)),
        (("IfExp",), ("test", "body", "orelse")), (("ListComp", "SetComp", "GeneratorExp"), ("elt", "generators")),
        (("DictComp",), ("key", "value", "generators")), (("comprehension",), ("iter",)), (("Compare",), ("left", "comparators")),
        (("UnaryOp",), ("operand",)),
    ):
        INSIDE.update((kind, fields) for kind in kinds(*names))
