"""Metric math: the part of CloudWatch's expressions that alarms, boards and the dashboard use.

Operators: + - * / ^, comparisons (1 or 0), AND, OR. Functions: ABS AVG CEIL DIFF FILL FLOOR IF MAX
METRICS MIN PERIOD RATE RUNNING_SUM SEARCH SUM. An operator on two series has values where both do.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.protocol.errors import ServiceError
from sandbox.services.cloudwatch import math_functions
from sandbox.services.cloudwatch.math_functions import Result, broadcast
from sandbox.services.cloudwatch.reading import Values, Window

_BINARY: Final[dict[type, Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARISONS: Final[dict[type, Callable[[float, float], bool]]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_SPELLINGS: Final = (("^", "**"), ("&&", " and "), ("||", " or "), ("AND", "and"), ("OR", "or"))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an expression can refer to.

    Attributes:
        lookup: values of another query by its id; raises `ServiceError`.
        metrics: values of all queries that are metrics, for METRICS().
        search: what SEARCH finds, for a statistic and a period.
        window: the time asked for.

    """

    lookup: Callable[[str], Result]
    metrics: Callable[[], list[Values]]
    search: Callable[[str, str, int], list[Values]]
    window: Window


def evaluate(text: str, around: Surroundings) -> list[Values]:
    """The series an expression gives; raises `ServiceError` where it gives none."""
    try:
        tree = ast.parse(_as_python(text), mode="eval").body
    except SyntaxError as error:
        raise _invalid(f"Error in expression {text!r}: {error.msg}") from error
    result = _Evaluation(text, around).value(tree)
    if isinstance(result, Values):
        return [result]
    if isinstance(result, list):
        return result
    raise _invalid(f"Error in expression {text!r}: it gives a number, and no time series.")


def _as_python(text: str) -> str:
    """CloudWatch's spelling of operators as Python's, outside of quotes."""
    pieces, last = [], 0
    for quoted in _QUOTED.finditer(text):
        pieces += [_respelled(text[last : quoted.start()]), quoted[0]]
        last = quoted.end()
    return "".join((*pieces, _respelled(text[last:]))).strip()


def _respelled(text: str) -> str:
    for theirs, ours in _SPELLINGS:
        pattern = rf"\b{theirs}\b" if theirs.isalpha() else re.escape(theirs)
        text = re.sub(pattern, ours, text)
    return text


class _Evaluation:
    """One expression."""

    def __init__(self, text: str, around: Surroundings) -> None:
        self._text = text
        self._around = around

    def value(self, node: ast.expr) -> Any:
        """A number, a text, a series or several."""
        match node:
            case ast.Constant(value=int() | float() | str() as found) if not isinstance(
                found, bool
            ):
                return found
            case ast.Name(id=name):
                return name if name in math_functions.FILLINGS else self._around.lookup(name)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [one for item in items for one in self._several(self.value(item))]
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name.upper(), [self.value(one) for one in arguments])
        return self._operation(node)

    def _operation(self, node: ast.expr) -> Any:
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return broadcast(operator.mul, -1.0, self.value(operand))
            case ast.BinOp(left=left, op=kind, right=right) if type(kind) in _BINARY:
                return broadcast(_BINARY[type(kind)], self.value(left), self.value(right))
            case ast.Compare(left=left, ops=[kind], comparators=[right]) if (
                type(kind) in _COMPARISONS
            ):
                return broadcast(_COMPARISONS[type(kind)], self.value(left), self.value(right))
            case ast.BoolOp(op=kind, values=parts):
                return self._logical(kind, [self.value(part) for part in parts])
        raise self._error("something in it is not known here")

    def _several(self, value: Any) -> list[Values]:
        if isinstance(value, Values):
            return [value]
        if isinstance(value, list):
            return value
        raise self._error("an array holds time series")

    @staticmethod
    def _logical(kind: ast.boolop, parts: list[Any]) -> Any:
        combine = min if isinstance(kind, ast.And) else max
        whole = broadcast(operator.ne, parts[0], 0.0)
        for part in parts[1:]:
            whole = broadcast(combine, whole, broadcast(operator.ne, part, 0.0))
        return whole

    def _call(self, name: str, arguments: list[Any]) -> Any:
        if name == "METRICS":
            return self._around.metrics()
        if name == "SEARCH" and len(arguments) in {2, 3}:
            text, statistic, *period = arguments
            return self._around.search(text, statistic, int(period[0]) if period else 300)
        function = math_functions.FUNCTIONS.get(name)
        if function is None:
            raise self._error(f"the function {name} is not known here")
        try:
            return function(self._around.window, *arguments)
        except (TypeError, AttributeError) as error:
            raise self._error(f"the arguments of {name} are not what it takes") from error

    def _error(self, reason: str) -> ServiceError:
        return _invalid(f"Error in expression {self._text!r}: {reason}.")


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)
