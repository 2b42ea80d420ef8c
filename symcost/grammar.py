"""The grammar of shape strings and relations: `"B 2*N F//8 (H+1)/2"`, `"M <= N*N"`.

It knows text and polynomials only; which names are declared is decided in
`symcost.dims`. Names such as ``I S E N O Q`` are ordinary names here, which they are
not for sympy's parser; and nothing is ever evaluated as Python.

    shape       dimensions separated by spaces or commas; "" is a scalar
    dimension   integers, names, + - * / // % **, parentheses, min() max() floor() ceil() mod() abs()
    relation    dimension, one of <= >= < > == !=, dimension (chains such as "1 < M <= N" too)
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from symcost.errors import DimensionError
from symcost.polynomial import Poly, Size, evaluate, maximum, minimum, symbol, symbols_of
from symcost.ratio import Ratio, exponential

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": le,
    ">=": ge,
    "==": eq,
    "!=": ne,
    "<": lt,
    ">": gt,
}

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[^\W\d]\w*)|(?P<number>\d+)|(?P<sign>\*\*|//|<=|>=|==|!=|[][+*/%(),<>=-]))", re.UNICODE
)


def checked_name(name: str) -> str:
    """`name` in Python's normal form (NFKC), if it can name a symbol.

    Raises:
        DimensionError: the name is no identifier, or a keyword, so that ``cost.at(name=...)`` could not be typed.
    """
    normal = unicodedata.normalize("NFKC", name)
    if not normal.isidentifier():
        raise DimensionError(
            f"{name!r} cannot name a symbol: a name is letters, digits and _, and starts with no digit",
            todo=f"sc.dims({re.sub(r'[^0-9a-zA-Z_]', '_', normal).lstrip('0123456789') or 'N'!r})",
        )
    if keyword.iskeyword(normal):
        raise DimensionError(
            f"{name!r} cannot name a symbol: it is a word of Python's, so cost.at({name}=...) could not be typed",
            todo=f'sc.dims("{name}_")',
        )
    return normal


@dataclass(frozen=True, slots=True)
class Relation:
    """A condition on sizes, ``left operator right``.

    Attributes:
        left, right: sizes. operator: a key of `COMPARISONS`.
        text: how the user wrote it; `str()` gives it back and `parse_relations` reads it again.
    """

    left: Size
    operator: str
    right: Size
    text: str

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether it is true at `sizes`."""
        return COMPARISONS[self.operator](evaluate(self.left, sizes), evaluate(self.right, sizes))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the symbols in it."""
        return tuple(sorted(symbols_of(self.left) | symbols_of(self.right)))

    def __str__(self) -> str:
        return self.text


def parse_shape(text: str) -> tuple[tuple[Size, ...], tuple[str, ...]]:
    """The dimensions of a shape string, and the names in it in order of appearance.

    Example:
        >>> sizes, names = parse_shape("B 2*N F//8 (H+1)/2")
        >>> [str(s) for s in sizes], names
        (['B', '2*N', 'floor((F)/(8))', '1/2*H + 1/2'], ('B', 'N', 'F', 'H'))
        >>> parse_shape("")
        ((), ())
    """
    return _parse_shape(text)


def parse_relations(text: str) -> tuple[tuple[Relation, ...], tuple[str, ...]]:
    """The relations in `text` (comma-separated, or a chain), and the names in it.

    Example:
        >>> relations, names = parse_relations("1 < M <= N*N")
        >>> [str(r) for r in relations], names
        (['1 < M', 'M <= N*N'], ('M', 'N'))
    """
    return _parse_relations(text)


@lru_cache(maxsize=4096)
def _parse_shape(text: str) -> tuple[tuple[Size, ...], tuple[str, ...]]:
    parser = Parser(text, "shape string")
    return parser.shape(), tuple(parser.names)


@lru_cache(maxsize=1024)
def _parse_relations(text: str) -> tuple[tuple[Relation, ...], tuple[str, ...]]:
    parser = Parser(text, "relation")
    return parser.relations(), tuple(parser.names)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # "name", "number", "sign", "end"
    text: str
    start: int
    end: int


class Parser:
    """Recursive descent over one text; `symcost.formula_grammar` extends it."""

    signs = _TOKEN
    functions: Mapping[str, Callable[[list[Ratio]], Ratio]]
    arity: Mapping[str, int]

    def __init__(self, text: str, what: str):
        self.text, self.what = text, what
        self.names: dict[str, None] = {}
        self.tokens = self._tokens()
        self.at = 0
        self.depth = 0  # inside parentheses spaces separate nothing

    def _tokens(self) -> list[Token]:
        found, position, length = [], 0, len(self.text.rstrip())
        while position < length:
            match = self.signs.match(self.text, position)
            if match is None:
                position += len(self.text[position:]) - len(self.text[position:].lstrip())
                raise self._error(f"{self.text[position]!r} has no meaning here", position)
            kind = match.lastgroup or ""
            found.append(Token(kind, match[kind], match.start(kind), match.end(kind)))
            position = match.end()
        return [*found, Token("end", "", length, length)]

    def _error(self, why: str, position: int, todo: str | None = None) -> DimensionError:
        return DimensionError(
            f'{self.what} "{self.text}": {why}',
            where=f"character {position + 1}",
            todo=todo or 'dimensions are separated by spaces and made of names, integers and + - * // **: "B 2*N F//8"',
        )

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def _take(self, *texts: str) -> Token | None:
        """The next token, consumed, if it is one of `texts`."""
        token = self.next
        if token.kind == "sign" and token.text in texts:
            self.at += 1
            return token
        return None

    # -- lists ----------------------------------------------------------------------
    def shape(self) -> tuple[Size, ...]:
        sizes: list[Size] = []
        while self.next.kind != "end":
            start = self.next
            sizes.append(self._dimension())
            if isinstance(sizes[-1], int) and sizes[-1] < 0:
                raise self._error(f"the dimension {sizes[-1]} is negative", start.start)
            if self._take(",") or self.next.kind == "end":
                continue
            if self.next.start == self.tokens[self.at - 1].end:
                raise self._error(
                    f"no operator between {self.tokens[self.at - 1].text!r} and {self.next.text!r}",
                    self.next.start,
                    todo="write a product with * (2*N), or a space between two dimensions",
                )
        return tuple(sizes)

    def relations(self) -> tuple[Relation, ...]:
        found: list[Relation] = []
        while True:
            left_start, left = self.next.start, self._sum_in_parentheses()
            chain = False
            while sign := self._take("=", *COMPARISONS):
                middle = self.next.start
                right = self._sum_in_parentheses()
                text = self.text[left_start : self.tokens[self.at - 1].end].strip()
                found.append(Relation(left, "==" if sign.text == "=" else sign.text, right, text))
                left_start, left, chain = middle, right, True
            if not chain:
                raise self._error("there is no comparison", self.next.start, todo='write a relation such as "M <= N"')
            if self.next.kind == "end":
                return tuple(found)
            if not self._take(","):
                raise self._error(f"{self.next.text!r} is not expected here", self.next.start)

    def _sum_in_parentheses(self) -> Size:
        """A size in which spaces separate nothing."""
        self.depth += 1
        size = self._dimension()
        self.depth -= 1
        return size

    def _dimension(self) -> Size:
        start = self.next.start
        size = self._sum().size()
        if size is None:
            raise self._error(
                "a symbol is left in a denominator, so the dimension is no integer", start, todo="round down with //"
            )
        if isinstance(size, Fraction):
            raise self._error(f"the dimension {size} is no integer", start, todo="round down with //")
        return size

    # -- expressions ----------------------------------------------------------------
    def _operator(self, *texts: str) -> str | None:
        """A binary operator, consumed; None where a space makes the next sign the start of a new dimension."""
        token = self.next
        if token.kind != "sign" or token.text not in texts:
            return None
        before = token.start > self.tokens[self.at - 1].end
        after = self.tokens[self.at + 1].start > token.end
        if self.depth == 0 and before and not after:
            raise self._error(
                f"a space before {token.text!r} and none after it can be read in two ways",
                token.start,
                todo=f"write the dimension without spaces, N{token.text}1",
            )
        self.at += 1
        return token.text

    def _sum(self) -> Ratio:
        value = self._product()
        while operator := self._operator("+", "-"):
            other = self._product()
            value = value + other if operator == "+" else value - other
        return value

    def _product(self) -> Ratio:
        value = self._unary()
        while operator := self._operator("*", "/", "//", "%"):
            position = self.next.start
            other = self._unary()
            if operator == "*":
                value = value * other
                continue
            if other.numerator == 0:
                raise self._error("division by zero", position)
            quotient = value / other
            if operator == "/":
                value = quotient
            elif operator == "//":
                value = Ratio(quotient.floor())
            else:
                value = value - other * Ratio(quotient.floor())
        return value

    def _unary(self) -> Ratio:
        if self._take("-"):
            return -self._unary()
        value = self._primary()
        position = self.next.start
        if self._operator("**"):
            exponent = self._unary().size()
            if isinstance(exponent, int) and exponent >= 0:
                return value**exponent
            base = value.size()
            found = None
            if isinstance(base, int) and base > 0 and isinstance(exponent, Poly):
                found = exponential(base, exponent)
            if found is None:
                raise self._error(
                    "a power needs an integer exponent, 0 or more, or a positive integer base",
                    position,
                    todo="N**2 or 2**L, say",
                )
            value = found
        return value

    def _primary(self) -> Ratio:
        token = self.next
        self.at += 1
        if token.kind == "number":
            return Ratio(int(token.text))
        if token.kind == "name":
            if token.text in self.functions and self.next.text == "(" and self.next.start == token.end:
                return self._call(token)
            name = checked_name(token.text)
            self.names[name] = None
            return Ratio(symbol(name))
        if token.text == "(":
            self.depth += 1
            value = self._sum()
            self._close(token)
            return value
        self.at -= 1
        found = "the end" if token.kind == "end" else repr(token.text)
        raise self._error(f"a name or a number is expected, not {found}", token.start)

    def _call(self, function: Token) -> Ratio:
        opening = self.next
        self.at += 1
        self.depth += 1
        arguments = [self._sum()]
        while self._take(","):
            arguments.append(self._sum())
        self._close(opening)
        arity = self.arity.get(function.text, len(arguments))
        if len(arguments) != arity:
            raise self._error(f"{function.text}() takes {arity} argument(s), not {len(arguments)}", function.start)
        rounds = function.text in ("floor", "ceil", "ceiling", "mod", "Mod")
        if not rounds and any(a.size() is None for a in arguments):
            raise self._error(f"{function.text}() of a quotient", function.start, todo="round the quotient with //")
        if function.text in ("mod", "Mod") and arguments[1].numerator == 0:
            raise self._error("division by zero", function.start)
        return self.functions[function.text](arguments)

    def _close(self, opening: Token) -> None:
        self.depth -= 1
        if not self._take(")"):
            raise self._error(
                "this parenthesis is not closed", opening.start, todo="dimensions need no parentheses: N, F"
            )


def _mod(arguments: list[Ratio]) -> Ratio:
    value, base = arguments
    return value - base * Ratio((value / base).floor())


def _sizes(arguments: list[Ratio]) -> list[Size]:
    return [a.size() for a in arguments]  # type: ignore[misc]  # the caller has refused quotients


# sympy's names beside ours, so that a relation printed by sympy can be read again
_FUNCTIONS: dict[str, Callable[[list[Ratio]], Ratio]] = {
    "min": lambda arguments: Ratio(minimum(*_sizes(arguments))),
    "max": lambda arguments: Ratio(maximum(*_sizes(arguments))),
    "abs": lambda arguments: Ratio(maximum(*_sizes([arguments[0], -arguments[0]]))),
    "floor": lambda arguments: Ratio(arguments[0].floor()),
    "ceil": lambda arguments: Ratio(arguments[0].ceil()),
    "mod": _mod,
}
_FUNCTIONS |= {
    "Min": _FUNCTIONS["min"],
    "Max": _FUNCTIONS["max"],
    "Abs": _FUNCTIONS["abs"],
    "ceiling": _FUNCTIONS["ceil"],
    "Mod": _mod,
}
_ARITY = {"abs": 1, "Abs": 1, "floor": 1, "ceil": 1, "ceiling": 1, "mod": 2, "Mod": 2}
Parser.functions, Parser.arity = _FUNCTIONS, _ARITY
