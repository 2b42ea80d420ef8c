"""What the user's code asks of its sizes while it is traced: every test with the integers that stood in it.

A program traced at T=40 does not show that ``if tokens % 48 == 0`` stands in the model, nor ``T == 2 * F``, nor
``i >= 12`` in a loop over layers. So one trace is watched: before a line runs that compares, reduces or bounds
integers, the names in that test are looked up, and `symcost.predicates` learns from them where else to look.

Only names, attributes, subscripts and `len` are evaluated, nothing that the line would not evaluate itself.
"""

from __future__ import annotations

import ast
import builtins
import copy
import linecache
import math
import operator
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import CodeType, FrameType
from typing import Any

MOST = 64
"""Executions of one test that are kept; a loop over layers asks the same thing again and again."""

FUNCTIONS = ("len", "min", "max", "abs", "int", "round", "sum", "divmod", "bool", "all", "any")
SCOPE: dict[str, Any] = {"__builtins__": {name: getattr(builtins, name) for name in FUNCTIONS}, "math": math}
"""What a test may call beside operators."""

RESERVED = (0, 1, 2, 5)
"""Identifiers of `sys.monitoring` that belong to debuggers, coverage, profilers and optimisers."""

NOTHING: dict[int, list[Any]] = {}

LinesOf = Callable[[CodeType], dict[int, list["Test"]]]

_OPERATORS = (ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context)
_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)


@dataclass(frozen=True, eq=False)
class Test:
    """A condition in the source: ``tokens % 48 == 0``.

    Attributes:
        filename, line, function: where it stands. text: as written.
        leaves: code of each name, attribute or subscript in it.
        expression: the condition over ``_0``, ``_1`` ..., one per leaf. code: the same, compiled.
        kind: "condition"; "part" for one that a node implies beside its parts, "table" for a look-up in a dictionary.
            Of others the value is told: "range" for the arguments of a `range`, "divisor" for what something is
            divided by.
    """

    filename: str
    line: int
    function: str
    text: str
    leaves: tuple[CodeType, ...]
    expression: ast.expr
    code: CodeType
    kind: str = "condition"

    @property
    def source(self) -> str:
        """``file:line (function)``."""
        return f"{self.filename}:{self.line} ({self.function})"

    def evaluate(self, values: tuple) -> Any:
        """The condition for values of its leaves; works on symbolic sizes as far as its operators do."""
        return eval(self.code, SCOPE, {f"_{i}": v for i, v in enumerate(values)})


@dataclass
class Watch:
    """Tests seen in one trace, each with the values of its leaves in the order of execution."""

    seen: dict[Test, list[tuple]] = field(default_factory=dict)

    def note(self, test: Test, frame: FrameType) -> None:
        """Evaluate the leaves of `test` in `frame`; whatever cannot be evaluated, or is no integer, is left out."""
        before = self.seen.setdefault(test, [])
        if len(before) >= MOST:
            return
        try:
            found = [eval(leaf, frame.f_globals, frame.f_locals) for leaf in test.leaves]
            if test.kind == "table" and not any(isinstance(value, dict) for value in found):
                return
            values = tuple(map(_plain, found))
        except Exception:  # the user's names may do anything, and short-circuits may keep them from being used
            return
        if test.kind == "divisor" or any(isinstance(v, int | tuple) and not isinstance(v, bool) for v in values):
            before.append(values)


def _plain(value: Any) -> Any:
    """An integer, a tuple of integers, or another constant; raises `TypeError` for arrays and other objects."""
    if value is None or isinstance(value, bool | str | float):
        return value
    if isinstance(value, tuple | list | dict | set | frozenset):
        return tuple(operator.index(v) for v in value)
    return operator.index(value)


@contextmanager
def watching(concerned: Callable[[str], bool]) -> Iterator[Watch]:
    """Watch the code of files that `concerned` accepts.

    Example:
        >>> def model(tokens):
        ...     return "long" if tokens > 2048 else "short"
        >>> with watching(lambda file: file == model.__code__.co_filename) as watch:
        ...     _ = model(40)
        >>> [(test.text, values) for test, values in watch.seen.items()]
        [('tokens > 2048', [(40,)])]
    """
    watch, files = Watch(), {}
    known: dict[int, tuple[CodeType, dict[int, list[Test]]]] = {}  # by identity: equal code is compared byte by byte

    def lines_of(code: CodeType) -> dict[int, list[Test]]:
        """The tests of a function, by line; none if its file is of no concern."""
        wanted = files.get(code.co_filename)
        if wanted is None:
            wanted = files[code.co_filename] = concerned(code.co_filename)
        if not wanted:
            return NOTHING
        if id(code) not in known:
            known[id(code)] = (code, tests_of(code))
        return known[id(code)][1]

    with (_monitored if hasattr(sys, "monitoring") else _traced)(watch, lines_of, files):
        yield watch


@contextmanager
def _traced(watch: Watch, lines_of: LinesOf, files: Mapping[str, bool]) -> Iterator[None]:
    """Watch by `sys.settrace`, which calls back for every function of every file; beside a debugger's or coverage's."""
    before = sys.gettrace()

    def enter(frame: FrameType, event: Any, argument: Any):
        code = frame.f_code
        if before is None and not files.get(code.co_filename, True):
            return None  # nearly every call ends here
        lines = lines_of(code)
        outer = before(frame, event, argument) if before is not None else None
        if not lines:
            return outer

        def step(frame: FrameType, event: Any, argument: Any):
            nonlocal outer
            if event == "line":
                for test in lines.get(frame.f_lineno, ()):
                    watch.note(test, frame)
            if outer is not None:
                outer = outer(frame, event, argument)
            return step

        return step

    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def _monitored(watch: Watch, lines_of: LinesOf, files: Mapping[str, bool]) -> Iterator[None]:
    """Watch by `sys.monitoring` (Python 3.12), which costs nothing where there is nothing to watch."""
    monitoring: Any = sys.monitoring  # pyright: ignore[reportAttributeAccessIssue]  # not in Python 3.11
    tool = next((i for i in range(6) if i not in RESERVED and monitoring.get_tool(i) is None), None)
    if tool is None:
        with _traced(watch, lines_of, files):
            yield
        return
    events, watched, thread = monitoring.events, {}, threading.get_ident()

    def enter(code: CodeType, offset: int) -> object:
        if not lines_of(code):
            return monitoring.DISABLE
        if id(code) not in watched:
            watched[id(code)] = code
            monitoring.set_local_events(tool, code, events.LINE | events.JUMP)
        return None  # switched off here, a function of one line would tell of its first call only

    def note(code: CodeType, line: int) -> object:
        tests = lines_of(code).get(line)
        if not tests:
            return monitoring.DISABLE
        if threading.get_ident() == thread:  # these events come from all threads
            for test in tests:
                watch.note(test, sys._getframe(2))
        return None

    def step(code: CodeType, line: int) -> object:
        return note(code, line)

    def again(code: CodeType, origin: int, target: int) -> object:
        """A loop within one line, a comprehension say, begins no new line."""
        line = _line_at(code, target)
        if target > origin or line != _line_at(code, origin):
            return monitoring.DISABLE
        return note(code, line)

    callbacks = {events.PY_START: enter, events.LINE: step, events.JUMP: again}
    monitoring.use_tool_id(tool, "symcost")
    try:
        monitoring.restart_events()  # what an earlier watch has switched off
        for event, callback in callbacks.items():
            monitoring.register_callback(tool, event, callback)
        monitoring.set_events(tool, events.PY_START)
        yield
    finally:
        monitoring.set_events(tool, events.NO_EVENTS)
        for code in watched.values():
            monitoring.set_local_events(tool, code, events.NO_EVENTS)
        for event in callbacks:
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)


def _line_at(code: CodeType, offset: int) -> int:
    """The line of the instruction at an offset; 0 for one that stands in no line."""
    return next((line or 0 for begin, end, line in code.co_lines() if begin <= offset < end), 0)


# -- tests in the source -----------------------------------------------------------------


@dataclass(frozen=True)
class _Scope:
    """What makes a code object: its name, first line, and where its text begins and ends."""

    line: int
    name: str
    begin: tuple[int, int]
    end: tuple[int, int]


@cache
def tests_of(code: CodeType) -> dict[int, list[Test]]:
    """The tests that stand in a function itself (not in functions nested in it), by line."""
    here = [s for s in _tests_in(code.co_filename) if (s.line, s.name) == (code.co_firstlineno, code.co_name)]
    if len(here) > 1:  # several lambdas in one line
        spots = {(line, column) for line, _, column, _ in code.co_positions() if line and column}
        here = [s for s in here if spots and s.begin <= max(spots) <= s.end and s.begin <= min(spots)]
    found: dict[int, list[Test]] = {}
    for scope in here[-1:]:  # the innermost
        for test in _tests_in(code.co_filename)[scope]:
            found.setdefault(test.line, []).append(test)
    return found


@cache
def _tests_in(filename: str) -> dict[_Scope, list[Test]]:
    """All tests of a file, by the function that they stand in."""
    source = "".join(linecache.getlines(filename))
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    found: dict[_Scope, list[Test]] = {}

    local: dict[_Scope, dict[str, ast.expr]] = {}

    def visit(node: ast.AST, scope: _Scope, inside: bool = False) -> None:
        inner = _scope(node)
        if inner is not None:
            found.setdefault(inner, [])
            local[inner] = {**local.get(scope, {}), **_computed(node)}
        else:
            tests = _tests(node, filename, scope.name, local.get(scope, {}))
            # parts of a condition decide nothing by themselves
            found.setdefault(scope, []).extend(t for t in tests if not inside or t.kind == "divisor")
            inside = inside or any(test.kind == "condition" for test in tests)
        # what a comprehension goes through first is evaluated outside of it
        first = node.generators[0].iter if isinstance(node, _COMPREHENDING) else None
        walk(node, inner or scope, first, inside and inner is None)
        if first is not None:
            visit(first, scope, inside)

    def walk(node: ast.AST, scope: _Scope, leave: ast.AST | None, inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(node, ast.comprehension) and child is leave:
                continue
            if isinstance(child, ast.comprehension):
                walk(child, scope, leave, inside)
            else:
                visit(child, scope, inside)

    visit(tree, _Scope(1, "<module>", (0, 0), (0, 0)))
    return found


_COMPREHENDING = (ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)
_COMPREHENSIONS: dict[type, str] = {ast.GeneratorExp: "<genexpr>"}
if sys.version_info < (3, 12):  # later they are part of the function around them
    _COMPREHENSIONS |= {ast.ListComp: "<listcomp>", ast.SetComp: "<setcomp>", ast.DictComp: "<dictcomp>"}


def _scope(node: ast.AST) -> _Scope | None:
    """The scope that a node makes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        line, name = min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.name
    elif isinstance(node, ast.Lambda):
        line, name = node.lineno, "<lambda>"
    elif isinstance(node, ast.expr) and type(node) in _COMPREHENSIONS:
        line, name = node.lineno, _COMPREHENSIONS[type(node)]
    else:
        return None
    end = (node.end_lineno or 0, node.end_col_offset or 0)
    return _Scope(line, name, (node.lineno, node.col_offset), end)


def _computed(function: ast.AST) -> dict[str, ast.expr]:
    """Names that a function assigns once, by arithmetic: ``rest = tokens % 96``."""
    found: dict[str, list[ast.expr | None]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            parts = _divmod(value) if isinstance(target, ast.Tuple) and len(target.elts) == 2 else None
            for name, part in zip(getattr(target, "elts", [target]), parts or (), strict=False):
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).append(part)
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(value)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.setdefault(node.id, []).append(None)
    # each name is met twice, as the target of an assignment and by itself
    once = ((name, [v for v in values if v is not None]) for name, values in found.items() if len(values) == 2)
    return {name: v[0] for name, v in once if v and isinstance(v[0], ast.BinOp | ast.UnaryOp | ast.Call)}


def _divmod(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Quotient and remainder of ``divmod(a, b)``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "divmod":
        a, b = node.args
        return ast.BinOp(a, ast.FloorDiv(), b), ast.BinOp(a, ast.Mod(), b)
    return None


def _tests(node: ast.AST, filename: str, function: str, local: Mapping[str, ast.expr]) -> list[Test]:
    """The tests that a node is, as far as their leaves can be looked up."""
    tested: list[tuple[ast.expr, str]] = []
    truth = getattr(node, "test", None) if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        truth = node.operand
    if isinstance(truth, ast.Name) and truth.id in local:  # `if rest`
        tested.append((ast.Compare(truth, [ast.NotEq()], [ast.Constant(0)]), "part"))
    if isinstance(truth, ast.BinOp) and not isinstance(truth.op, ast.Mod):  # `if n & (n - 1)`
        tested.append((ast.Compare(truth, [ast.NotEq()], [ast.Constant(0)]), "part"))
    if isinstance(node, ast.BoolOp) or (isinstance(node, ast.Compare) and isinstance(node.ops[0], _COMPARISONS)):
        tested.append((node, "condition"))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        tested.append((ast.Compare(node, [ast.Eq()], [ast.Constant(0)]), "condition"))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if node.func.id in ("min", "max") and len(node.args) == 2:
            tested.append((ast.Compare(node.args[0], [ast.Lt()], [node.args[1]]), "condition"))
        elif node.func.id == "range" and node.args:
            tested.append((ast.Tuple(list(node.args), ast.Load()), "range"))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        kind = "part" if isinstance(node.func.value, ast.Dict) else "table"
        tested.append((ast.Compare(node.args[0], [ast.In()], [node.func.value]), kind))
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and not _index(node.slice, fixed=True):
        kind = "part" if isinstance(node.value, ast.Dict) else "table"
        tested.append((ast.Compare(node.slice, [ast.In()], [node.value]), kind))
    elif isinstance(node, ast.Match):
        values = [p.value for case in node.cases for p in ast.walk(case.pattern) if isinstance(p, ast.MatchValue)]
        tested += [(ast.Compare(node.subject, [ast.Eq()], [value]), "part") for value in values]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.FloorDiv | ast.Div):
        tested.append((ast.Tuple([node.right], ast.Load()), "divisor"))
    made = (_made(copy.deepcopy(expression), kind, node, filename, function, local) for expression, kind in tested)
    return [test for test in made if test is not None]


def _made(
    tested: ast.expr, kind: str, node: ast.AST, filename: str, function: str, local: Mapping[str, ast.expr]
) -> Test | None:
    collected, text = _Leaves(local), ast.unparse(node).splitlines()[0]
    try:
        expression = collected.take(tested)
    except _Opaque:
        return None
    if not collected.found and kind != "divisor":
        return None
    whole = ast.fix_missing_locations(ast.copy_location(ast.Expression(expression), node))
    leaves = tuple(compile(ast.Expression(leaf), filename, "eval") for leaf in collected.found.values())
    line = min(n.lineno for n in ast.walk(node) if isinstance(n, ast.expr))
    return Test(filename, line, function, text, leaves, expression, _compiled(whole, filename), kind)


def _compiled(expression: ast.Expression, filename: str) -> CodeType:
    return compile(expression, filename, "eval")


class _Opaque(Exception):
    """Something in a test that may not be evaluated."""


class _Leaves(ast.NodeTransformer):
    """Replaces names, attributes, subscripts and lengths by ``_0``, ``_1`` ...; anything else must be arithmetic."""

    def __init__(self, local: Mapping[str, ast.expr]):
        self.found: dict[str, ast.expr] = {}
        self.local = dict(local)

    def take(self, node: ast.expr) -> ast.expr:
        """The expression over `_0`, `_1` ...; raises `_Opaque` where there is none."""
        found = self.visit(node)
        assert isinstance(found, ast.expr)
        return found

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.Name) and node.id in self.local:
            before, expression = dict(self.found), self.local.pop(node.id)
            try:
                return self.take(copy.deepcopy(expression))
            except _Opaque:
                self.found = before
            finally:
                self.local[node.id] = expression
        if isinstance(node, ast.expr) and _chain(node):
            index = list(self.found).index(key) if (key := ast.dump(node)) in self.found else len(self.found)
            self.found.setdefault(key, node)
            return ast.copy_location(ast.Name(f"_{index}", ast.Load()), node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
            return ast.copy_location(ast.Tuple([key for key in node.keys if key is not None], ast.Load()), node)
        arithmetic = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Tuple, ast.List, ast.Set, ast.Constant)
        if not isinstance(node, (*arithmetic, *_OPERATORS)) or isinstance(node, ast.Is | ast.IsNot | ast.MatMult):
            raise _Opaque
        return self.generic_visit(node)

    def _call(self, node: ast.Call) -> ast.AST:
        function = node.func
        plain = isinstance(function, ast.Name) and function.id in FUNCTIONS
        mathematical = False
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            mathematical = function.value.id == "math" and hasattr(math, function.attr)
            if function.attr == "prod":  # numpy's too
                function, mathematical = ast.parse("math.prod", mode="eval").body, True
        if node.keywords or not (plain or mathematical):
            raise _Opaque
        arguments = [self.take(a) for a in node.args]
        return ast.copy_location(ast.Call(function, arguments, []), node)


def _chain(node: ast.expr) -> bool:
    """Whether a node is a name followed by attributes, subscripts and slices, or the length of one."""
    if isinstance(node, ast.Name):
        return True
    if isinstance(node, ast.Attribute):
        return _chain(node.value) and not (isinstance(node.value, ast.Name) and node.value.id == "math")
    if isinstance(node, ast.Subscript):
        return _chain(node.value) and _index(node.slice)
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"
    return called and len(node.args) == 1 and _chain(node.args[0])  # type: ignore[union-attr]


def _index(node: ast.expr | None, fixed: bool = False) -> bool:
    """Whether a node is an index or slice of constants and, unless they must be `fixed`, names."""
    if node is None or isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Slice):
        return fixed or all(map(_index, (node.lower, node.upper, node.step)))
    if isinstance(node, ast.UnaryOp):
        return _index(node.operand, fixed)
    return not fixed and _chain(node)
