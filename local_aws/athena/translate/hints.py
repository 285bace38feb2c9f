"""What is known of types before DuckDB binds the query: enough to tell maps from arrays, decimals from doubles."""

import logging

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import TypeAnnotator, annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from local_aws.athena.errors import QueryError
from local_aws.athena.translate.dialect import READ
from local_aws.athena.translate.nodes import is_date

logging.getLogger("sqlglot").setLevel(
    logging.ERROR
)  # it warns about each column it cannot resolve; DuckDB decides that

_Type = exp.DataType.Type
_TEXT = frozenset({_Type.VARCHAR, _Type.TEXT, _Type.CHAR})
_NUMBERS = frozenset({*exp.DataType.NUMERIC_TYPES})
_TIMES = frozenset({_Type.TIMESTAMP, _Type.TIMESTAMPTZ})
READ_TYPES = Dialect.get_or_raise(READ).EXPRESSION_METADATA
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ)


def annotate(tree: exp.Expr, schema: dict[str, dict[str, str]]) -> None:
    """Note on the nodes of the tree the types that can be known, then refuse what mixes text, numbers and dates.

    Args:
        tree: A bound query; changed only in its `type` notes.
        schema: Table name to column name to type, in the words of Hive.

    Raises:
        QueryError: `TYPE_MISMATCH`.
    """
    types = {
        table: {name: exp.DataType.build(kind, dialect="hive") for name, kind in columns.items()}
        for table, columns in schema.items()
    }
    _annotate_by_scope(tree, types)
    _annotate_by_name(tree, types)
    _refuse_mixed_comparisons(tree)
    _refuse_numbers_of_days(tree)


def note_types(tree: exp.Expr, schema: MappingSchema) -> exp.Expr:
    """Note the types of a tree whose columns are resolved, and return it."""
    metadata = {**READ_TYPES, exp.Unnest: {"annotator": _note_unnested}}
    return annotate_types(tree, schema=schema, expression_metadata=metadata, dialect=READ)


def _note_unnested(annotator: TypeAnnotator, node: exp.Unnest) -> exp.Unnest:
    """Several arrays make a column each, of its own type; sqlglot gives all of them that of the first."""
    kinds = [_item_type(array) for array in node.expressions]
    names = node.alias_column_names
    if len(kinds) == 1 or len(names) < len(kinds):
        annotator._set_type(node, kinds[0] if len(kinds) == 1 else None)  # noqa: SLF001 - no other way to hook in
        return node
    fields = [exp.ColumnDef(this=exp.to_identifier(name), kind=kind) for name, kind in zip(names, kinds, strict=False)]
    annotator._set_type(node, exp.DataType(this=_Type.STRUCT, expressions=fields, nested=True))  # noqa: SLF001 - as above
    return node


def _item_type(array: exp.Expr) -> exp.DataType:
    found = array.type.expressions if array.type is not None and array.is_type(_Type.ARRAY) else []
    return found[0].copy() if found and isinstance(found[0], exp.DataType) else exp.DataType(this=_Type.UNKNOWN)


def _annotate_by_scope(tree: exp.Expr, types: dict[str, dict[str, exp.DataType]]) -> None:
    """Resolve columns on a twin of the tree, since resolving rewrites; then copy the types over."""
    twin = tree.copy()
    pairs = list(zip(tree.walk(), twin.walk(), strict=True))
    schema = MappingSchema({table: dict(columns) for table, columns in types.items()}, dialect=READ)
    try:
        qualified = qualify(
            twin,
            dialect=READ,
            schema=schema,
            validate_qualify_columns=False,
            identify=False,
            expand_alias_refs=False,
        )
        note_types(qualified, schema)
    except (SqlglotError, AssertionError):  # it asserts on some valid queries; names alone must do then
        return
    for node, copy in pairs:
        if copy.type is not None and not copy.is_type(_Type.UNKNOWN):
            node.type = copy.type


def _annotate_by_name(tree: exp.Expr, types: dict[str, dict[str, exp.DataType]]) -> None:
    """Where scopes do not tell, a column has the type of its name in all tables, unless the query reuses the name."""
    reused = {
        alias.alias.lower() for alias in tree.find_all(exp.Alias) if alias.this.name.lower() != alias.alias.lower()
    }
    reused |= {column.name.lower() for alias in tree.find_all(exp.TableAlias) for column in alias.columns}
    known: dict[str, list[exp.DataType]] = {}
    for columns in types.values():
        for name, kind in columns.items():
            known.setdefault(name, []).append(kind)
    for column in tree.find_all(exp.Column):
        kinds = known.get(column.name.lower(), [])
        unknown = column.type is None or column.is_type(_Type.UNKNOWN)
        if unknown and kinds and column.name.lower() not in reused and all(kind == kinds[0] for kind in kinds):
            column.type = kinds[0]


def _refuse_mixed_comparisons(tree: exp.Expr) -> None:
    for node in tree.find_all(*_COMPARISONS, exp.In):
        others = node.expressions if isinstance(node, exp.In) else [node.expression]
        left = _sure_kind(node.this)
        for right in map(_sure_kind, others):
            # Dates and timestamps do compare, numbers do among themselves, text only with text.
            if left != right and None not in {left, right} and {left, right} & {"varchar", "number"}:
                raise QueryError("TYPE_MISMATCH", f"line 1:1: Cannot apply operator: {left} {node.key} {right}")


def _refuse_numbers_of_days(tree: exp.Expr) -> None:
    """A date moves by an interval; DuckDB would take a number for days."""
    for node in tree.find_all(exp.Add, exp.Sub):
        if is_date(node.this) and _sure_kind(node.expression) == "number":
            raise QueryError("TYPE_MISMATCH", f"line 1:1: Cannot apply operator: date {node.key} number")


def _sure_kind(node: exp.Expr) -> str | None:
    """Return the kind of a value when it is beyond doubt: a column of a table, a literal, a cast, a date."""
    if is_date(node):
        return "date"
    if not isinstance(node, (exp.Column, exp.Literal, exp.Cast, exp.Neg)) or node.type is None:
        return None
    if node.type.this in _TEXT:
        return "varchar"
    if node.type.this in _NUMBERS:
        return "number"
    return "timestamp" if node.type.this in _TIMES else None
