"""Exports: whole data sets streamed out of PostgreSQL as CSV, XLSX or Parquet."""

from crm_core.insights.exports.datasets import Dataset, ExportFilter, documentation
from crm_core.insights.exports.service import Export, ExportRequest, Format, open_export

__all__ = [
    "Dataset",
    "Export",
    "ExportFilter",
    "ExportRequest",
    "Format",
    "documentation",
    "open_export",
]
