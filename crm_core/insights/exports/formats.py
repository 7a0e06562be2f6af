"""CSV as PostgreSQL writes it; Parquet and XLSX made of the same stream, batch by batch."""

import io
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
from rustpy_xlsxwriter import FastExcel

from crm_core.insights.exports.columns import ColumnDoc

BLOCK = 1 << 18
SHEET_ROWS = 1_000_000  # a sheet holds 1,048,576

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
_KINDS = {
    "string": pa.string(),
    "int64": pa.int64(),
    "number": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def csv_chunks(rows: Iterator[bytes], columns: Sequence[ColumnDoc]) -> Iterator[bytes]:
    """The stream itself, in blocks that are worth sending."""
    del columns
    block = bytearray()
    for row in rows:
        block += row
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def parquet_chunks(rows: Iterator[bytes], columns: Sequence[ColumnDoc]) -> Iterator[bytes]:
    """Parquet, written to a file on disk first: its index stands at the end."""
    with tempfile.TemporaryFile() as file:
        _write_parquet(rows, columns, file)
        yield from _blocks(file)


def xlsx_chunks(rows: Iterator[bytes], columns: Sequence[ColumnDoc]) -> Iterator[bytes]:
    """XLSX, a million rows a sheet; how many sheets there are is known after the first pass."""
    with tempfile.TemporaryFile() as parquet, tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        _write_parquet(rows, columns, parquet)
        parquet.seek(0)
        source = pa_parquet.ParquetFile(parquet)
        book = FastExcel(file.name).freeze(row=1)
        records = _records(source)
        for sheet in range(max(1, -(-source.metadata.num_rows // SHEET_ROWS))):
            book = book.sheet(f"Rows {sheet + 1}", islice(records, SHEET_ROWS))
        book.save()
        with open(file.name, "rb") as written:
            yield from _blocks(written)


WRITERS = {"csv": csv_chunks, "parquet": parquet_chunks, "xlsx": xlsx_chunks}


class _Stream(io.RawIOBase):
    """The rows as a file that can be read, so that nothing is held but a block."""

    def __init__(self, rows: Iterator[bytes]) -> None:
        super().__init__()
        self._rows = rows
        self._left = b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer with what the next rows hold."""
        block = bytearray(self._left)
        while len(block) < len(buffer):
            row = next(self._rows, b"")
            if not row:
                break
            block += row
        size = min(len(block), len(buffer))
        buffer[:size], self._left = block[:size], bytes(block[size:])
        return size


def _write_parquet(rows: Iterator[bytes], columns: Sequence[ColumnDoc], file: IO[bytes]) -> None:
    schema = pa.schema([(column.name, _KINDS[column.kind]) for column in columns])
    reader = pa_csv.open_csv(
        _Stream(rows),
        read_options=pa_csv.ReadOptions(block_size=BLOCK * 16),
        convert_options=pa_csv.ConvertOptions(
            column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
    )
    with pa_parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


def _records(source: pa_parquet.ParquetFile) -> Iterator[dict[str, Any]]:
    """Rows as a spreadsheet takes them: it knows no zones, so instants are UTC without one."""
    for batch in source.iter_batches(batch_size=10_000):
        table = pa.Table.from_batches([batch])
        for number, field in enumerate(table.schema):
            if pa.types.is_timestamp(field.type):
                naive = table.column(number).cast(pa.timestamp("us"))
                table = table.set_column(number, field.name, naive)
        yield from table.to_pylist()


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(BLOCK):
        yield block
