"""COPY in its binary form, between the database and numpy: the quickest way for many rows of a few plain columns.

Each row is the number of its columns, and before each value its length. Values are of fixed length here and never NULL.
"""

import io
from collections.abc import Mapping

import numpy as np
from django.db import connection

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
HEAD = len(SIGNATURE) + 8
END = b"\xff\xff"


def _row(types: Mapping[str, str]) -> np.dtype:
    parts = [("columns", ">i2")]
    for name, kind in types.items():
        parts += [(f"size of {name}", ">i4"), (name, kind)]
    return np.dtype(parts)


def read(query: str, types: Mapping[str, str]) -> dict[str, np.ndarray]:
    """What `query` gives, whose columns have these numpy types in network order, such as `>i8` for bigint.

    COPY takes no parameters, so `query` is the programmer's text with nothing but whole numbers put in.
    """
    data = _copied(query)
    rows = np.frombuffer(data, _row(types), offset=HEAD, count=(len(data) - HEAD - len(END)) // _row(types).itemsize)
    return {name: rows[name].astype(np.dtype(kind).newbyteorder("=")) for name, kind in types.items()}


def read_one(query: str) -> memoryview | None:
    """The one value that `query` gives, as it is sent; None where it gives no row."""
    data = memoryview(_copied(query))
    return data[HEAD + 6 : -len(END)] if len(data) > HEAD + len(END) else None


def _copied(query: str) -> bytes:
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        # The connection's own cursor: COPY is psycopg2's, Django has no word for it.
        cursor.cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", buffer)
    return buffer.getvalue()


def fill(table: str, columns: Mapping[str, tuple[str, np.ndarray]]) -> None:
    """Add rows to `table`: by name the numpy type in network order and the values of each column."""
    rows = np.empty(len(next(iter(columns.values()))[1]), _row({name: kind for name, (kind, _) in columns.items()}))
    rows["columns"] = len(columns)
    for name, (kind, values) in columns.items():
        rows[f"size of {name}"] = np.dtype(kind).itemsize
        rows[name] = values
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(
            f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)",
            io.BytesIO(SIGNATURE + bytes(8) + rows.tobytes() + END),
        )
