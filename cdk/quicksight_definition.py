"""The dashboard as a whole: sheets on a grid, and one range of days for all of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from cdk.quicksight_charts import chart
from cdk.quicksight_datasets import DAY, Dataset
from cdk.quicksight_visuals import SHEETS, Sheet

Json = dict[str, Any]
WIDTH = 36
"""Columns of QuickSight's grid."""
RANGE = {"From": "addDateTime(-28, 'DD', truncDate('DD', now()))", "To": "truncDate('DD', now())"}
"""The two dates that people choose, and what they are before: four weeks, as of the day that one looks."""


def definition(datasets: Mapping[str, str]) -> Json:
    """What analysis and dashboard are made of; `datasets` has the ARN of each dataset by its name."""
    return {
        "DataSetIdentifierDeclarations": [
            {"Identifier": name, "DataSetArn": address} for name, address in datasets.items()
        ],
        "ParameterDeclarations": [_parameter(name) for name in RANGE],
        "FilterGroups": list(_filter_groups()),
        "Sheets": [_sheet(sheet) for sheet in SHEETS],
    }


def _parameter(name: str) -> Json:
    default = {"RollingDate": {"Expression": RANGE[name]}}
    return {"DateTimeParameterDeclaration": {"Name": name, "TimeGranularity": "DAY", "DefaultValues": default}}


def _filter_groups() -> Iterator[Json]:
    """One for each dataset of which all days are imported, on the sheets that show it."""
    for dataset in {dataset.name: dataset for sheet in SHEETS for dataset in sheet.datasets}.values():
        if not dataset.where:
            yield _filter_group(dataset, [sheet for sheet in SHEETS if dataset in sheet.datasets])


def _filter_group(dataset: Dataset, sheets: list[Sheet]) -> Json:
    scope = [
        {
            "SheetId": sheet.name,
            "Scope": "SELECTED_VISUALS",
            "VisualIds": [visual.name for visual in sheet.visuals if visual.dataset == dataset.name],
        }
        for sheet in sheets
    ]
    days = {
        "FilterId": f"days-of-{dataset.name}",
        "Column": {"DataSetIdentifier": dataset.name, "ColumnName": DAY},
        "RangeMinimumValue": {"Parameter": "From"},
        "RangeMaximumValue": {"Parameter": "To"},
        "IncludeMinimum": True,
        "IncludeMaximum": True,
        "NullOption": "NON_NULLS_ONLY",
        "TimeGranularity": "DAY",
    }
    return {
        "FilterGroupId": f"range-of-{dataset.name}",
        "Filters": [{"TimeRangeFilter": days}],
        "ScopeConfiguration": {"SelectedSheets": {"SheetVisualScopingConfigurations": scope}},
        "Status": "ENABLED",
        "CrossDataset": "SINGLE_DATASET",
    }


def _sheet(sheet: Sheet) -> Json:
    return {
        "SheetId": sheet.name,
        "Name": sheet.title,
        "ContentType": "INTERACTIVE",
        "Visuals": [chart(visual) for visual in sheet.visuals],
        "Layouts": [_grid(list(_places(sheet)))],
        "ParameterControls": [_control(sheet, name) for name in RANGE],
        "SheetControlLayouts": [_grid([_control_place(sheet, name) for name in RANGE])],
    }


def _grid(elements: list[Json]) -> Json:
    return {"Configuration": {"GridLayout": {"Elements": elements}}}


def _places(sheet: Sheet) -> Iterator[Json]:
    """The place of each visual: those of a row share the width."""
    top = 0
    for row in sheet.rows:
        width = WIDTH // len(row.visuals)
        for number, visual in enumerate(row.visuals):
            yield {
                "ElementId": visual.name,
                "ElementType": "VISUAL",
                "ColumnIndex": number * width,
                "ColumnSpan": width,
                "RowIndex": top,
                "RowSpan": row.height,
            }
        top += row.height


def _control(sheet: Sheet, name: str) -> Json:
    control = {"ParameterControlId": _control_id(sheet, name), "Title": name, "SourceParameterName": name}
    return {"DateTimePicker": control}


def _control_place(sheet: Sheet, name: str) -> Json:
    return {"ElementId": _control_id(sheet, name), "ElementType": "PARAMETER_CONTROL", "ColumnSpan": 2, "RowSpan": 1}


def _control_id(sheet: Sheet, name: str) -> str:
    return f"{sheet.name}-{name.lower()}"
