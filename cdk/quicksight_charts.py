"""Each kind of visual as QuickSight wants it: fields, order, and words on the axes.

Source: the API reference of Amazon QuickSight, CreateDashboard, which CloudFormation takes word for word.
"""

from collections.abc import Callable, Mapping
from typing import Any

from cdk.quicksight_datasets import DATASETS
from cdk.quicksight_visuals import LABELS, Kind, Visual

Json = dict[str, Any]
TYPES = {dataset.name: dataset.types for dataset in DATASETS}
SHOWN_IN_RANKING = 15
_SHARE = {
    "FormatConfiguration": {
        "PercentageDisplayFormatConfiguration": {"DecimalPlacesConfiguration": {"DecimalPlaces": 0}}
    }
}


def chart(visual: Visual) -> Json:
    """The visual, with its title. Raises `KeyError` for a column that its dataset has not."""
    name, build = _KINDS[visual.kind]
    title = {"Visibility": "VISIBLE", "FormatText": {"PlainText": visual.title}}
    return {name: {"VisualId": visual.name, "Title": title, "ChartConfiguration": build(visual)}}


def column(visual: Visual, name: str) -> Json:
    """A column of the visual's dataset."""
    return {"DataSetIdentifier": visual.dataset, "ColumnName": name}


def _kpi(visual: Visual) -> Json:
    """The value of the newest day, and by how much it differs from that of the day before."""
    return {
        "FieldWells": {"Values": _values(visual), "TrendGroups": _dimensions(visual, visual.by)},
        "SortConfiguration": {"TrendGroupSort": [_sorted(visual, visual.by[0], "ASC")]},
        "KPIOptions": {
            "Comparison": {"ComparisonMethod": "PERCENT_DIFFERENCE"},
            "PrimaryValueDisplayType": "ACTUAL",
            "SecondaryValue": {"Visibility": "VISIBLE"},
            "Sparkline": {"Visibility": "VISIBLE", "Type": "LINE"},
            "TrendArrows": {"Visibility": "VISIBLE"},
        },
    }


def _line(visual: Visual) -> Json:
    return {
        "FieldWells": {"LineChartAggregatedFieldWells": _wells(visual)},
        "SortConfiguration": {"CategorySort": [_sorted(visual, visual.by[0], "ASC")]},
        "Type": "LINE",
        "XAxisLabelOptions": _axis(visual, visual.by[0]),
        "PrimaryYAxisLabelOptions": _axis(visual, visual.values[0]),
    }


def _bars(visual: Visual) -> Json:
    """A bar for each day, made of parts."""
    return {
        "FieldWells": {"BarChartAggregatedFieldWells": _wells(visual)},
        "SortConfiguration": {"CategorySort": [_sorted(visual, visual.by[0], "ASC")]},
        "Orientation": "VERTICAL",
        "BarsArrangement": "STACKED",
        "CategoryLabelOptions": _axis(visual, visual.by[0]),
        "ValueLabelOptions": _axis(visual, visual.values[0]),
    }


def _ranking(visual: Visual) -> Json:
    """The largest first."""
    limit = {"ItemsLimit": SHOWN_IN_RANKING, "OtherCategories": "EXCLUDE"}
    return {
        "FieldWells": {"BarChartAggregatedFieldWells": _wells(visual)},
        "SortConfiguration": {
            "CategorySort": [_sorted(visual, visual.values[0], "DESC")],
            "CategoryItemsLimit": limit,
        },
        "Orientation": "HORIZONTAL",
        "BarsArrangement": "CLUSTERED",
        "CategoryLabelOptions": _axis(visual, visual.by[0]),
        "ValueLabelOptions": _axis(visual, visual.values[0]),
        "DataLabels": {"Visibility": "VISIBLE"},
    }


def _funnel(visual: Visual) -> Json:
    first = {"NumericalAggregationFunction": {"SimpleNumericalAggregation": "MIN"}}
    order = {"SortBy": column(visual, visual.order), "Direction": "ASC", "AggregationFunction": first}
    return {
        "FieldWells": {
            "FunnelChartAggregatedFieldWells": {
                "Category": _dimensions(visual, visual.by),
                "Values": _values(visual),
            }
        },
        "SortConfiguration": {"CategorySort": [{"ColumnSort": order}]},
        "CategoryLabelOptions": _axis(visual, visual.by[0]),
        "ValueLabelOptions": _axis(visual, visual.values[0]),
        "DataLabelOptions": {
            "Visibility": "VISIBLE",
            "CategoryLabelVisibility": "VISIBLE",
            "MeasureLabelVisibility": "VISIBLE",
            "MeasureDataLabelStyle": "VALUE_AND_PERCENTAGE_BY_FIRST_STAGE",
        },
    }


def _table(visual: Visual) -> Json:
    fields = [
        {"FieldId": _field(visual, name), "CustomLabel": LABELS[name], "Visibility": "VISIBLE"}
        for name in (*visual.by, *visual.values)
    ]
    wells = {"GroupBy": _dimensions(visual, visual.by), "Values": _values(visual)}
    return {
        "FieldWells": {"TableAggregatedFieldWells": wells},
        "SortConfiguration": {"RowSort": [_sorted(visual, visual.values[0], "DESC")]},
        "FieldOptions": {"SelectedFieldOptions": fields},
    }


def _heat_map(visual: Visual) -> Json:
    row, across = visual.by
    return {
        "FieldWells": {
            "HeatMapAggregatedFieldWells": {
                "Rows": _dimensions(visual, (row,)),
                "Columns": _dimensions(visual, (across,)),
                "Values": _values(visual),
            }
        },
        "SortConfiguration": {
            "HeatMapRowSort": [_sorted(visual, row, "ASC")],
            "HeatMapColumnSort": [_sorted(visual, across, "ASC")],
        },
        "RowLabelOptions": _axis(visual, row),
        "ColumnLabelOptions": _axis(visual, across),
        "DataLabels": {"Visibility": "VISIBLE"},
    }


_KINDS: Mapping[Kind, tuple[str, Callable[[Visual], Json]]] = {
    "kpi": ("KPIVisual", _kpi),
    "line": ("LineChartVisual", _line),
    "bars": ("BarChartVisual", _bars),
    "ranking": ("BarChartVisual", _ranking),
    "funnel": ("FunnelChartVisual", _funnel),
    "table": ("TableVisual", _table),
    "heat_map": ("HeatMapVisual", _heat_map),
}


def _wells(visual: Visual) -> Json:
    wells = {"Category": _dimensions(visual, visual.by), "Values": _values(visual)}
    return {**wells, "Colors": _dimensions(visual, (visual.colour,))} if visual.colour else wells


def _dimensions(visual: Visual, names: tuple[str, ...]) -> list[Json]:
    return [_dimension(visual, name) for name in names]


def _dimension(visual: Visual, name: str) -> Json:
    field: Json = {"FieldId": _field(visual, name), "Column": column(visual, name)}
    match TYPES[visual.dataset][name]:
        case "DATETIME":
            return {"DateDimensionField": {**field, "DateGranularity": "DAY"}}
        case "STRING":
            return {"CategoricalDimensionField": field}
    return {"NumericalDimensionField": field}


def _values(visual: Visual) -> list[Json]:
    return [_value(visual, name) for name in visual.values]


def _value(visual: Visual, name: str) -> Json:
    """A sum. A share stands alone in its cell, where the average is the share itself."""
    is_share = TYPES[visual.dataset][name] == "DECIMAL"
    measure = {
        "FieldId": _field(visual, name),
        "Column": column(visual, name),
        "AggregationFunction": {"SimpleNumericalAggregation": "AVERAGE" if is_share else "SUM"},
    }
    return {"NumericalMeasureField": {**measure, **({"FormatConfiguration": _SHARE} if is_share else {})}}


def _sorted(visual: Visual, name: str, direction: str) -> Json:
    return {"FieldSort": {"FieldId": _field(visual, name), "Direction": direction}}


def _axis(visual: Visual, name: str) -> Json:
    applies = {"FieldId": _field(visual, name), "Column": column(visual, name)}
    return {"Visibility": "VISIBLE", "AxisLabelOptions": [{"CustomLabel": LABELS[name], "ApplyTo": applies}]}


def _field(visual: Visual, name: str) -> str:
    return f"{visual.name}.{name}"
