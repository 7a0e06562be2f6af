"""Exports: whole data sets streamed out of PostgreSQL as CSV, XLSX or Parquet."""

from crm_core.insights.exports.datasets import Dataset, ExportFilter, documentation, filters_of
from crm_core.insights.exports.lists import LISTS, open_list_export
from crm_core.insights.exports.past import PastExport, list_exports
from crm_core.insights.exports.service import ExportRequest, count_rows, open_export
from crm_core.insights.exports.streaming import Export, Format

__all__ = [
    "LISTS",
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
    "open_list_export",
]
