"""What readers may ask who may not see persons."""

from batch_jobs.reports.report_list import OPEN_FOLDERS, OPEN_TABLES, REPORTS
from clickstream.tables import BAD_EVENTS, MASKED_EVENTS, MASKED_SESSIONS, RAW_EVENTS, SESSION_SCORES, SESSIONS


def test_no_column_names_a_person() -> None:
    """No id, address, path or free text that the masked tables leave out is in any table that is open."""
    masked = {column.name for table in (MASKED_EVENTS, MASKED_SESSIONS) for column in table.columns}
    told = {column.name for table in (RAW_EVENTS, SESSIONS, SESSION_SCORES, BAD_EVENTS) for column in table.columns}
    counts = {"pages", "score", "reason"}
    left_out = (told - masked - counts) | {"client_id", "next_page"}
    assert {"session_id", "user_id", "ip_address", "page_path", "page_title", "properties"} <= left_out
    assert [(table.name, name) for table in OPEN_TABLES for name in left_out & set(table.schema.names)] == []


def test_reports_are_open_unless_they_show_clients_or_pages() -> None:
    """A list of clients has their ids, and one of pages has paths and titles as they were sent."""
    closed = {report.name for report in REPORTS if not report.names_nobody}
    assert closed == {"top_clients", "top_pages", "entry_exit_pages", "paths"}
    assert {table.name for table in OPEN_TABLES} == {
        *("masked_events", "masked_sessions"),
        *(report.table.name for report in REPORTS if report.name not in closed),
    }


def test_folders_are_those_of_the_tables() -> None:
    """One folder for each table, and none that holds another one."""
    assert len(OPEN_FOLDERS) == len(OPEN_TABLES)
    assert {folder.removeprefix("reports/") for folder in OPEN_FOLDERS} == {
        table.name.removeprefix("report_") for table in OPEN_TABLES
    }
