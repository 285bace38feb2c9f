"""What the dashboard shows: columns that are there, places on the grid, one range of days, and words of the API."""

from collections import Counter
from collections.abc import Iterator

import pytest

from cdk.quicksight_datasets import DATASETS
from cdk.quicksight_visuals import LABELS, SHEETS
from tests.infra.policy_template import Resolved
from tests.infra.quicksight_parts import datasets, faults, input_of, of_kind, parts

GRID = 36
"""Columns of a sheet."""


def test_every_column_of_a_visual_is_in_its_dataset(quicksight: Resolved) -> None:
    """Wherever a definition names one: fields, orders, axes and filters."""
    known = datasets(quicksight)
    named = [one for one in parts(of_kind(quicksight, "Dashboard")["Definition"]) if "ColumnName" in one]
    assert len(named) > 50
    assert [one for one in named if one["ColumnName"] not in known[one["DataSetIdentifier"]]] == []


def test_numbers_are_added_and_shown_by_what_is_none(quicksight: Resolved) -> None:
    """Measures are numbers, dates are cut into days, and words are categories."""
    known, kinds = datasets(quicksight), set()
    for one in parts(of_kind(quicksight, "Dashboard")["Definition"]):
        for field in one.keys() & {"NumericalMeasureField", "DateDimensionField", "CategoricalDimensionField"}:
            column = one[field]["Column"]
            kinds.add((field, known[column["DataSetIdentifier"]][column["ColumnName"]]))
    assert kinds == {
        ("NumericalMeasureField", "INTEGER"),
        ("NumericalMeasureField", "DECIMAL"),
        ("DateDimensionField", "DATETIME"),
        ("CategoricalDimensionField", "STRING"),
    }


def test_every_dataset_is_shown(quicksight: Resolved) -> None:
    """What nobody sees is not imported, and what is seen has words of its own."""
    shown = {visual.dataset for sheet in SHEETS for visual in sheet.visuals}
    assert shown == {dataset.name for dataset in DATASETS} == datasets(quicksight).keys()
    labelled = {name for sheet in SHEETS for visual in sheet.visuals for name in (*visual.values, *visual.by)}
    assert labelled <= LABELS.keys()
    assert LABELS.keys() - labelled == {visual.colour for s in SHEETS for visual in s.visuals} - labelled - {""}


@pytest.mark.parametrize("kind", ["Analysis", "Dashboard"])
def test_the_definition_is_what_the_api_takes(quicksight: Resolved, kind: str) -> None:
    """Word by word, and analysis and dashboard show the same."""
    given = of_kind(quicksight, kind)
    assert given["Definition"] == of_kind(quicksight, "Dashboard")["Definition"]
    assert faults(given, input_of(kind)) == []


def test_a_wrong_definition_is_found(quicksight: Resolved) -> None:
    """A word that is not in the list, a name that is not known, and a field that is missing."""
    given = of_kind(quicksight, "Dashboard")
    del given["Name"]
    given["Definition"]["Sheets"][0] |= {"ContentType": "LIVELY", "Colour": "red"}
    report, word = faults(given, input_of("Dashboard"))
    assert 'Missing required parameter in input: "Name"' in report
    assert 'Unknown parameter in Definition.Sheets[0]: "Colour"' in report
    assert word.startswith("LIVELY: ")


def test_visuals_have_a_place_on_the_grid(quicksight: Resolved) -> None:
    """Each visual and control once, within the sheet, on no other one; ids are used once."""
    sheets = of_kind(quicksight, "Dashboard")["Definition"]["Sheets"]
    ids = [one["VisualId"] for one in parts(sheets) if "VisualId" in one]
    assert len(ids) == len(set(ids)) == 14
    for sheet in sheets:
        elements = sheet["Layouts"][0]["Configuration"]["GridLayout"]["Elements"]
        own = [one["VisualId"] for visual in sheet["Visuals"] for one in visual.values()]
        assert [element["ElementId"] for element in elements] == own
        cells = Counter(cell for element in elements for cell in _cells(element))
        assert set(cells.values()) == {1}
        assert max(column for column, _ in cells) < GRID
        controls = [one["DateTimePicker"]["ParameterControlId"] for one in sheet["ParameterControls"]]
        (layout,) = sheet["SheetControlLayouts"]
        assert [one["ElementId"] for one in layout["Configuration"]["GridLayout"]["Elements"]] == controls


def _cells(element: dict[str, int]) -> Iterator[tuple[int, int]]:
    for column in range(element["ColumnIndex"], element["ColumnIndex"] + element["ColumnSpan"]):
        for row in range(element["RowIndex"], element["RowIndex"] + element["RowSpan"]):
            yield column, row


def test_one_range_of_days_for_all_visuals(quicksight: Resolved) -> None:
    """Each visual is filtered by the two dates once, but for that of which only the newest report is imported."""
    definition = of_kind(quicksight, "Dashboard")["Definition"]
    filtered = [
        name
        for group in definition["FilterGroups"]
        for scope in group["ScopeConfiguration"]["SelectedSheets"]["SheetVisualScopingConfigurations"]
        for name in scope["VisualIds"]
    ]
    every = {one["VisualId"] for one in parts(definition["Sheets"]) if "VisualId" in one}
    assert sorted(filtered) == sorted(every - {"retention"})
    used = {one["Parameter"] for one in parts(definition["FilterGroups"]) if "Parameter" in one}
    declared = {one["DateTimeParameterDeclaration"]["Name"] for one in definition["ParameterDeclarations"]}
    assert used == declared == {"From", "To"}
