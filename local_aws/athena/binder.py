"""Names of tables in a query become views over their data; views of the catalog become subqueries."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sqlglot import exp

from local_aws.athena.catalog import Catalog, Table, view_definition
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.iceberg import METADATA_TABLES, is_iceberg
from local_aws.athena.information import SCHEMA, information
from local_aws.athena.pruning import conditions_of
from local_aws.athena.scan import HIDDEN, Need, Scanner
from local_aws.athena.translate.dialect import parse

if TYPE_CHECKING:
    from local_aws.athena.iceberg.binding import IcebergBinder

_CATALOGS = frozenset({"", "awsdatacatalog"})
_VIEW_DEPTH = 32


class Binder:
    """Binds the tables of one query.

    Args:
        database: Where names without a database are looked up.
        generate: Turns a condition over partition columns into DuckDB's words.
        iceberg: Gives what binds Iceberg tables.
    """

    def __init__(
        self,
        catalog: Catalog,
        scanner: Scanner,
        database: str,
        generate: Callable[[exp.Expr], str],
        iceberg: "Callable[[], IcebergBinder]",
    ) -> None:
        self._catalog = catalog
        self._scanner = scanner
        self._database = database
        self._generate = generate
        self._tables: dict[tuple[str, str], Table] = {}
        self._iceberg = iceberg
        self.schema: dict[str, dict[str, str]] = {}

    def bind(self, tree: exp.Expr) -> exp.Expr:
        """Return the tree with its tables bound, in place.

        Raises:
            QueryError: `TABLE_NOT_FOUND` and failures of the data.
            NotSupportedError: A kind of table that is not read here.
        """
        self._expand_views(tree, self._database, 0)
        mentioned = _mentioned(tree)
        has_star = any(True for _ in _stars(tree))
        for node in list(_catalog_tables(tree)):
            table = self._table(node, self._database)
            alias = node.alias or node.name
            if is_iceberg(table):
                scan = self._iceberg().bind(node, table, alias, mentioned, has_star=has_star)
            else:
                conditions, optional = conditions_of(node, table, alias, self._generate) if table.keys else ([], False)
                scan = self._scanner.add(table, Need(conditions, optional, mentioned, has_star))
            table = scan.table
            self.schema[scan.view] = dict(table.columns + table.keys)
            _hide(node, mentioned)
            _point_at(node, scan.view, alias)
        _drop_databases(tree)
        return tree

    def _table(self, node: exp.Table, database: str) -> Table:
        if node.catalog.lower() not in _CATALOGS:
            raise QueryError("CATALOG_NOT_FOUND", f"line 1:1: Catalog '{node.catalog}' does not exist")
        name = ((node.db or database).lower(), _base_name(node.name.lower()))
        if name not in self._tables:  # asked once: all parts of a query see one state of a table
            self._tables[name] = self._catalog.table(*name)
        return self._tables[name]

    def _expand_views(self, tree: exp.Expr, database: str, depth: int) -> None:
        """Names without a database inside a view mean the database that the view was made in."""
        if depth > _VIEW_DEPTH:
            raise QueryError("VIEW_IS_RECURSIVE", "views refer to one another in a circle")
        for node in list(_catalog_tables(tree)):
            if (node.db or database).lower() == SCHEMA and node.catalog.lower() in _CATALOGS:
                _replace_by_subquery(node, information(self._catalog, node.name.lower()))
                continue
            table = self._table(node, database)
            if not table.is_view:
                node.set("db", exp.to_identifier(table.database, quoted=True))
                node.set(
                    "alias", node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
                )
                continue
            sql, schema = view_definition(table)
            body = parse(sql)
            self._expand_views(body, schema, depth + 1)
            _replace_by_subquery(node, body)


def _base_name(name: str) -> str:
    """Return the table that a table about a table, such as `t$files`, is about."""
    base, _, kind = name.rpartition("$")
    return base if base and kind.lower() in METADATA_TABLES else name


def _mentioned(tree: exp.Expr) -> frozenset[str]:
    """Return every name that may mean a column: in `a.b.c` each part may, whatever the others are."""
    nodes: list[exp.Expr] = list(tree.find_all(exp.Column, exp.Dot))
    nodes += [name for join in tree.find_all(exp.Join) for name in join.args.get("using") or []]
    return frozenset(part.name.lower() for node in nodes for part in node.find_all(exp.Identifier))


def _stars(tree: exp.Expr) -> Iterator[exp.Star]:
    return (star for star in tree.find_all(exp.Star) if not isinstance(star.parent, exp.Count))


def _catalog_tables(tree: exp.Expr) -> Iterator[exp.Table]:
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Identifier) and not _is_common_table(node):
            yield node
        elif isinstance(node.this, exp.Func):
            raise NotSupportedError(f"table function {node.this.name or node.this.sql()}")


def _is_common_table(node: exp.Table) -> bool:
    """Return whether the name means a WITH query; inside its own definition it does not, unless recursive."""
    if node.db:
        return False
    name = node.name.lower()
    inner: exp.Expr = node
    outer = node.parent
    while outer is not None:
        if isinstance(outer, exp.With):
            visible = _before(outer, inner)
        elif isinstance(inner, exp.With):
            visible = set()  # seen from within, just above
        else:
            with_ = outer.args.get("with_")
            visible = {common.alias.lower() for common in with_.expressions} if with_ is not None else set()
        if name in visible:
            return True
        inner, outer = outer, outer.parent
    return False


def _before(with_: exp.With, definition: exp.Expr) -> set[str]:
    """Return the names that a definition in a WITH clause sees there: earlier ones, or all when it is recursive."""
    names = [common.alias.lower() for common in with_.expressions]
    if with_.args.get("recursive"):
        return set(names)
    return set(names[: next(i for i, common in enumerate(with_.expressions) if common is definition)])


def _replace_by_subquery(node: exp.Table, body: exp.Expr) -> None:
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
    subquery = exp.Subquery(this=body, alias=alias, joins=node.args.get("joins"), laterals=node.args.get("laterals"))
    node.replace(subquery)


def _point_at(node: exp.Table, view: str, alias: str) -> None:
    node.set("this", exp.to_identifier(view, quoted=True))
    node.set("db", None)
    node.set("catalog", None)
    if node.args.get("alias") is None:
        node.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))


def _hide(node: exp.Table, mentioned: frozenset[str]) -> None:
    """A star does not show `"$path"`, even when the query names it elsewhere."""
    hidden = [name for name in HIDDEN if name in mentioned]
    select = node.find_ancestor(exp.Select)
    if not hidden or select is None:
        return
    for star in select.expressions:
        if isinstance(star, exp.Star) and not star.args.get("except_"):
            star.set("except_", [exp.column(name, quoted=True) for name in hidden])


def _drop_databases(tree: exp.Expr) -> None:
    """`db.table.column` is `table.column` now that the table has an alias."""
    for column in tree.find_all(exp.Column):
        if column.args.get("catalog") is None and column.args.get("db") is not None and _names_database(column, tree):
            column.set("db", None)


def _names_database(column: exp.Column, tree: exp.Expr) -> bool:
    aliases = {table.alias_or_name.lower() for table in tree.find_all(exp.Table, exp.Subquery)}
    return column.table.lower() in aliases and column.text("db").lower() not in aliases
