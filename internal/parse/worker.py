"""The parsing half of dagferry's parse package: reads the bytes of Python files on its standard input and answers
what CPython thinks of them. It only compiles; what it reads never runs.

Started as: python -I -S -B -c THIS MINOR MEMORY SECONDS, where THIS is observe.py and this file
  MINOR    the target is Python 3.MINOR; 0: this interpreter's own version
  MEMORY   bytes of address space
  SECONDS  of processor time that one file may take
Each frame, in and out, is four bytes of length, big-endian, and as many bytes. The first frame out says hello. In come four
bytes that say how many files there are, and a frame for each; out go as many frames, when all are done.

It imports nothing but what parse.Modules lists, and works with Python 3.8 and later.
"""
import sys

SYNTAX, ENCODING, NEWER, TOO_COMPLEX = "DF101", "DF102", "DF103", "DF104"
NAME = "<dag>"  # CPython looks for the text of some errors in a file of this name: there is none
ONLY_AST = 0x400
MOST = 20  # findings a file: a file full of newer syntax needs no longer list
AROUND = 120  # characters of the source line on each side of the column
REFUSED = ("punycode", "idna")  # codecs that take quadratic time
WORDS = 500  # characters of a message: names in it can be as long as the file
IMPORTS, LETTERS = 1000, 100_000  # of a file, and of all their names: one with more may import anything


def main(target, memory, seconds):
    quiet()
    for name in REFUSED:
        sys.modules["encodings." + name] = None  # importing it fails, and so there is no such codec
    renew = limits(memory, seconds)
    send('{"python": [%d, %d, %d]}' % sys.version_info[:3])
    sys.stdout.buffer.flush()
    while True:
        answers = []
        for _ in range(number()):
            data = taken(number())
            renew()
            answers.append(answer(*check(data, target)))
        for one in answers:  # now that all is read: who asks does not listen before
            send(one)
        sys.stdout.buffer.flush()


def number():
    return int.from_bytes(taken(4), "big")


def taken(size):
    data = sys.stdin.buffer.read(size)
    if len(data) < size:
        sys.exit()
    return data


def quiet():
    """No warnings on standard error: they concern style, and are the author's."""
    import _warnings
    import gc

    gc.disable()  # trees have no cycles, and looking for some takes a quarter of the time
    _warnings.filters[:] = [("ignore", None, Warning, None, 0)]


def limits(memory, seconds):
    """Binds this process, and returns what renews the limit of processor time, which counts from the start."""
    try:
        import posix
        import resource
    except ImportError:  # not a Unix: the parent's time-out is the only bound
        return lambda: None
    posix.closerange(3, 4096)  # nothing should be open; the parent may have inherited what it did not know of

    def limit(what, soft):
        try:
            number = getattr(resource, "RLIMIT_" + what)
            resource.setrlimit(number, (soft, resource.getrlimit(number)[1] if what == "CPU" else soft))
        except (AttributeError, OSError, ValueError):
            pass  # this system does not have it, or allows less

    limit("AS", memory)
    limit("NOFILE", 16)  # the standard three, and a codec that a cookie asks for
    limit("FSIZE", 0)
    limit("CORE", 0)
    limit("NPROC", 0)

    def renew():
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit("CPU", int(used.ru_utime + used.ru_stime) + seconds + 1)

    return renew


def send(text):
    data = text.encode("ascii")
    sys.stdout.buffer.write(len(data).to_bytes(4, "big") + data)


class Fact:
    """Something to be said about a file. Lines and columns count from 1; 0 is unknown."""

    def __init__(self, rule, message, line=0, column=0, end_line=0, end_column=0, later=False, own=False):
        self.rule, self.message, self.later = rule, message, later  # later: only if somebody calls a function
        self.own = own  # an operator that is not Airflow's decides
        self.line, self.column = max(line or 0, 0), max(column or 0, 0)
        self.width = end_column - self.column if end_column and end_line == line else 0
        self.source, self.shown = "", 0

    def show(self, lines):
        """Takes the source line along, or what is around the column when it is a long one."""
        if not 0 < self.line <= len(lines):
            return self
        text = lines[self.line - 1]
        self.column = min(self.column, len(text) + 1)
        self.shown = max(self.column - 1, 0)
        first = max(self.shown - AROUND, 0)
        last = first + 2 * AROUND
        self.source = text[first:last]
        if first:
            self.source = "\u2026" + self.source
            self.shown += 1 - first
        if last < len(text):
            self.source += "\u2026"
        return self

    def json(self):
        from _json import encode_basestring_ascii as quote

        return '{"rule": %s, "message": %s, "line": %d, "column": %d, "source": %s, "shown": %d, "width": %d, "later": %s, "own": %s}' % (
            quote(self.rule), quote(self.message[:WORDS]), self.line, self.column,
            quote(self.source), self.shown, max(self.width, 0), "true" if self.later else "false", "true" if self.own else "false",
        )


def answer(facts, says):
    """What there is to say, and nothing of what there is not."""
    from _json import encode_basestring_ascii as quote

    def words(all):
        return ",".join([quote(" ".join(one)) for one in all])

    def at(line, where):
        return str(line * 4 + where)

    lists = (
        ("facts", ",".join([fact.json() for fact in facts])),
        ("calls", words([[str(where), name] + ["%s:%d" % argument for argument in taken] for name, where, taken in says.calls])),
        ("imports", words([(at(*found), name) for name, found in says.imports.items()])),
        ("dags", words([(str(line), name) for name, line in says.dags])),
        ("crons", words([(at(line, where), text) for text, line, where in says.crons])),
        ("ignores", words([(str(line), rule) for line, rule in says.ignores])),
    )
    parts = ['"%s":[%s]' % part for part in lists if part[1]]
    if says.anything:
        parts.append('"anything":true')
    return "{%s}" % ",".join(parts)


def check(data, target):
    """What is wrong with a file, and what it says of itself."""
    try:
        facts, says = verdict(data, target)
        if facts or says.facts:
            lines = decode(data)[0].split("\n")
            facts += [
                Fact(rule, message, *position(node, lines), later=where == LATER, own=own) for rule, message, where, node, own in says.facts
            ]
            facts = [fact.show(lines) for fact in facts]
        return facts, says
    except MemoryError:
        return [Fact(TOO_COMPLEX, "parsing it takes more memory than allowed")], Says()


def verdict(data, target):
    """First the quick way, with one tree for all. What does not pass there is asked again of CPython's own."""
    if not 0 < target < sys.version_info[1]:
        target = 0
    tree, refused, facts = None, None, []
    try:
        tree, refused = parsed(data, target)
        compile(tree, NAME, "exec", 0, True)
    except Exception:
        try:
            grammatical(data, target)
        except (RecursionError, MemoryError) as error:
            return [too_complex(error)], Says()
        except Exception as error:
            return [unreadable(data) or broken(error)], Says()
    try:
        if not tree:
            tree, refused = parsed(data, target)
        if target:
            facts = newer(tree, data, target, refused)
        return facts, observe(tree, data)
    except Exception:  # a tree takes more memory and depth than compiling, and that went well: no reason to refuse it
        return facts, Says(anything=True)


def parsed(data, target):
    """The tree, and what the target's grammar has against it."""
    try:
        return compile(data, NAME, "exec", ONLY_AST, True, _feature_version=target or -1), None
    except SyntaxError as error:
        if not target:
            raise
        return compile(data, NAME, "exec", ONLY_AST, True), error


def grammatical(data, target):
    try:
        return compile(data, NAME, "exec", 0, True)
    except UnicodeEncodeError:
        if not 0 < target < 13:
            raise
        return compile(data, NAME, "exec", 0, True, 2)  # since 3.13 docstrings are cleaned, and so may hold no surrogate


def too_complex(error):
    if isinstance(error, RecursionError) or str(error):
        return Fact(TOO_COMPLEX, "it is nested too deeply for Python to parse")
    return Fact(TOO_COMPLEX, "parsing it takes more memory than allowed")


def broken(error):
    """CPython's own verdict. Its messages are good; only its numbers may be missing."""
    if not isinstance(error, SyntaxError):
        return Fact(SYNTAX, "%s: %s" % (type(error).__name__, error))
    message = str(error.msg)
    if message == "too many nested parentheses" or message.startswith("too many statically nested"):
        return Fact(TOO_COMPLEX, message, error.lineno, error.offset)
    if message.startswith("encoding problem"):
        return Fact(ENCODING, message, error.lineno)
    end_line, end_column = getattr(error, "end_lineno", 0), getattr(error, "end_offset", 0)
    return Fact(SYNTAX, message, error.lineno, error.offset, end_line, end_column or 0)


# What is wrong with the text itself. CPython says so too, but for most without telling where.


def unreadable(data):
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Fact(ENCODING, "it is UTF-16, which Python does not read: save it as UTF-8", 1, 1)
    if b"\0" in data:
        return at(data[: data.index(b"\0")], "there is a NUL byte in it, which Python does not read")
    encoding, declared = declaration(data)
    try:
        data.decode(encoding)
    except LookupError:
        if encoding.lower().replace("-", "_") in REFUSED:
            return Fact(ENCODING, "it declares the encoding %s, which is unsupported" % encoding, declared, 1)
        return Fact(ENCODING, "it declares the encoding %s, which Python does not know" % encoding, declared, 1)
    except UnicodeDecodeError as error:
        hint = "declare its encoding, or save it as UTF-8"
        return at(data[: error.start], "byte 0x%02x is not %s: %s" % (data[error.start], encoding, hint), encoding)
    except Exception as error:  # a codec's own
        return Fact(ENCODING, "its encoding %s: %s" % (encoding, error), declared, 1)
    return None


def at(before, message, encoding="utf-8"):
    """A fact about the character after these bytes."""
    lines = newlines(before.decode(encoding, "replace").lstrip("\ufeff")).split("\n")
    return Fact(ENCODING, message, len(lines), len(lines[-1]) + 1)


def declaration(data):
    """The file's encoding (PEP 263), and the line that declares it, or 0."""
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig", 0
    head = newlines(data[:1024].decode("latin-1")).split("\n")[:2]
    for number, line in enumerate(head, 1):
        line = line.lstrip(" \t\f")
        if line and not line.startswith("#"):
            break
        for part in line.split("coding")[1:]:
            if part[:1] in (":", "="):
                name = part[1:].lstrip(" \t")
                length = 0
                while length < len(name) and (name[length].isalnum() or name[length] in "-_."):
                    length += 1
                if length:
                    return name[:length], number
    return "utf-8", 0


def decode(data):
    """The text as CPython sees it, and its encoding."""
    encoding = declaration(data)[0]
    try:
        return newlines(data.decode(encoding, "replace")), encoding
    except Exception:
        return newlines(data.decode("latin-1")), encoding


def newlines(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


# What this interpreter understands and the target does not.


def newer(tree, data, target, refused):
    """The grammar itself knows since when most of it is (feature_version), but tells only the first, and the place
    where that ends. So what it refused, and what it misses, is looked for in the tree."""
    facts = []
    if refused or target < 11:
        facts += new_nodes(tree, decode(data)[0].split("\n"), target)
    if target < 12 and any(start in data for start in F_STRINGS):
        facts += [since(12, what, target, *where) for what, where in new_f_strings(decode(data)[0])]
    if refused and not facts:
        facts.append(Fact(NEWER, "Python 3.%d, the target's: %s" % (target, refused.msg), refused.lineno))
    facts.sort(key=lambda fact: (fact.line, fact.column))
    once = {(fact.line, fact.message): fact for fact in reversed(facts)}
    return list(reversed(once.values()))[:MOST]


def since(minor, what, target, line, column, end_line=0, end_column=0):
    message = "%s needs Python 3.%d; the target runs 3.%d" % (what, minor, target)
    return Fact(NEWER, message, line, column, end_line, end_column)


def new_nodes(tree, lines, target):
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        for minor, what, place in news(node, lines):
            if minor > target:
                yield since(minor, what, target, *position(place, lines))
        for field in node._fields:
            value = getattr(node, field, None)
            for child in value if type(value) is list else (value,):
                if type(child) not in LEAVES and hasattr(child, "_fields"):
                    nodes.append(child)


def news(node, lines):
    """What is new about a node: since when, what, and the node to point at."""
    kind = type(node).__name__
    if kind == "NamedExpr":
        yield 8, "an assignment expression", node
    elif kind == "Match":
        yield 10, "a match statement", node
    elif kind == "TryStar":
        yield 11, "except*", node.handlers[0]
    elif kind == "TypeAlias":
        yield 12, "a type statement", node
    elif kind == "TemplateStr":
        yield 14, "a t-string", node
    elif kind == "ExceptHandler" and bare_tuple(node.type, lines):
        yield 14, "except without parentheses", node.type
    elif kind == "Subscript" and bare_tuple(node.slice, lines):
        for star in [e for e in node.slice.elts if type(e).__name__ == "Starred"][:1]:
            yield 11, "a starred expression in a subscript", star
    elif kind == "arguments":
        for argument in node.posonlyargs[:1]:
            yield 8, "a positional-only parameter", argument
        if node.vararg and type(node.vararg.annotation).__name__ == "Starred":
            yield 11, "a starred annotation", node.vararg.annotation
    for parameter in getattr(node, "type_params", [])[:1]:
        yield 12, "a type parameter", parameter
    if getattr(node, "default_value", None):
        yield 13, "a type parameter's default", node.default_value


def bare_tuple(node, lines):
    """A tuple that does not begin with a parenthesis: its own, or its first element's, which spoils no file."""
    if type(node).__name__ != "Tuple":
        return False
    return lines[node.lineno - 1].encode()[node.col_offset : node.col_offset + 1] != b"("


def position(node, lines):
    """A node's line, column and end. Nodes count bytes of UTF-8."""

    def column(line, offset):
        return len(lines[line - 1].encode()[:offset].decode("utf-8", "replace")) + 1

    end = node.end_lineno
    return node.lineno, column(node.lineno, node.col_offset), end, column(end, node.end_col_offset)


F_STRINGS = [q.encode() for q in ('f"', "f'", 'F"', "F'", 'fr"', "fr'", 'fR"', "fR'", 'Fr"', "Fr'", 'FR"', "FR'")]


class Literal:
    """An f-string that is being read, outside of its fields."""

    def __init__(self, quote):
        self.quote = quote


class Field:
    """A replacement field that is being read: its expression, then what is after its colon."""

    def __init__(self, quote, start, depth):
        self.quote, self.start, self.depth = quote, start, depth
        self.brackets, self.spec = 0, False


def new_f_strings(text):
    """Whatever was an error in an f-string before PEP 701, found from the tokens: the grammar tells no versions here."""
    from _tokenize import TokenizerIter
    from token import COMMENT, FSTRING_END, FSTRING_START, OP

    lines = text.split("\n")
    stack = []
    for kind, string, start, end, _ in TokenizerIter(iter([line + "\n" for line in lines]).__next__, extra_tokens=True):
        top = stack[-1] if stack else None
        if kind == FSTRING_START:
            stack.append(Literal(string.lstrip("rRfF")))
        elif kind == FSTRING_END:
            stack.pop()
        elif kind == COMMENT and top:
            yield "a comment inside an f-string", (start[0], start[1] + 1)
        elif kind == OP and top:
            yield from operator(stack, string, start, end, lines)


def operator(stack, string, start, end, lines):
    top = stack[-1]
    if isinstance(top, Literal) or top.spec:
        if string == "{":
            depth = 0 if isinstance(top, Literal) else top.depth + 1
            stack.append(Field(top.quote, end, depth))
            if depth > 1:
                yield "a field in a format of a format of an f-string", (start[0], start[1] + 1)
        elif string == "}":
            stack.pop()
    elif string in ("(", "[", "{"):
        top.brackets += 1
    elif top.brackets and string in (")", "]", "}"):
        top.brackets -= 1
    elif not top.brackets and string in (":", "}"):
        yield from offences(lines, top, start)
        if string == ":":
            top.spec = True
        else:
            stack.pop()


def offences(lines, field, end):
    """The first thing in an expression that ended the string, or was forbidden, before 3.12."""
    line, column = field.start
    for number in range(line, end[0] + 1):
        first = column if number == line else 0
        last = end[1] if number == end[0] else len(lines[number - 1])
        part = lines[number - 1][first:last]
        found = [(part.find(mark), what) for mark, what in (
            ("\\", "a backslash inside the braces of an f-string"),
            (field.quote, "reusing an f-string's quotes inside of it"),
        ) if mark in part]
        if number < end[0] and len(field.quote) == 1:
            found.append((len(part), "a line break inside the braces of an f-string in single quotes"))
        if found:
            where, what = min(found)
            yield what, (number, first + where + 1)
            return



if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
