"""Exports: whole data sets streamed out of PostgreSQL as CSV, XLSX or Parquet."""

from crm_core.insights.exports.datasets import Dataset, ExportFilter, documentation, filters_of
from crm_core.insights.exports.past import PastExport, list_exports
from crm_core.insights.exports.service import (
    Export,
    ExportRequest,
    Format,
    count_rows,
    open_export,
)

__all__ = [
    "Dataset",
    "Export",
    "ExportFilter",
    "ExportRequest",
    "Format",
    "PastExport",
    "count_rows",
    "documentation",
    "filters_of",
    "list_exports",
    "open_export",
]
