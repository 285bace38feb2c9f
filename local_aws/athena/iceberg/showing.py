"""DESCRIBE and SHOW CREATE TABLE of Iceberg tables, in the text layout of Athena."""

from pyiceberg.transforms import BucketTransform, IdentityTransform, TruncateTransform

from local_aws.athena.catalog import Table
from local_aws.athena.iceberg.column_types import to_glue
from local_aws.athena.iceberg.properties import shown
from local_aws.athena.outcome import Lines
from local_aws.athena.statement import Statement


def describe(statement: Statement, table: Table) -> Lines:
    """DESCRIBE: the columns, then the partition fields."""
    iceberg = statement.session.iceberg.load(table.database, table.name)
    rows = ["# Table schema:\t\t", "# col_name\tdata_type\tcomment"]
    rows += [f"{f.name}\t{to_glue(f.field_type) or f.field_type}\t{f.doc or ''}" for f in iceberg.schema().fields]
    rows += ["\t\t", "# Partition spec:\t\t", "# field_name\tfield_transform\tcolumn_name"]
    for field in iceberg.spec().fields:
        rows.append(f"{field.name}\t{field.transform}\t{iceberg.schema().find_column_name(field.source_id)}")
    return Lines(("col_name", "data_type", "comment"), rows)


def create_table(statement: Statement, table: Table) -> Lines:
    """SHOW CREATE TABLE: a statement that makes such a table."""
    iceberg = statement.session.iceberg.load(table.database, table.name)
    columns = [f"  {f.name} {to_glue(f.field_type) or f.field_type}" for f in iceberg.schema().fields]
    text = [f"CREATE TABLE {table.database}.{table.name} (", *(f"{line}," for line in columns[:-1]), f"{columns[-1]})"]
    fields = []
    for field in iceberg.spec().fields:
        name = f"`{iceberg.schema().find_column_name(field.source_id)}`"
        transform = field.transform
        if isinstance(transform, BucketTransform):
            name = f"bucket({transform.num_buckets}, {name})"
        elif isinstance(transform, TruncateTransform):
            name = f"truncate({transform.width}, {name})"
        elif not isinstance(transform, IdentityTransform):
            name = f"{transform}({name})"
        fields.append(name)
    if fields:
        text.append(f"PARTITIONED BY ({', '.join(fields)})")
    given = [f"  '{name}'='{value}'" for name, value in shown(iceberg).items()]
    text += [
        f"LOCATION '{iceberg.location()}'",
        "TBLPROPERTIES (",
        *(f"{line}," for line in given[:-1]),
        given[-1],
        ")",
    ]
    return Lines(("createtab_stmt",), text)
