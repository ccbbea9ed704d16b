"""The regression's columns, kept as cells rather than as ones and zeros.

Every row is in one cell of each level or number column, so the sums that Newton's method needs are counts by cell and
by pair of cells: some twenty times quicker than products of a matrix that is nearly all zeros.

A number's weights are found as steps from bin to bin: what holds weights small then makes them smooth.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Block:
    """One column by cells. With `steps`, cell 0 (missing) has a weight, cell 1 none, and each further one a step."""

    cells: np.ndarray
    size: int
    steps: bool = False

    @property
    def width(self) -> int:
        """How many weights it has."""
        return self.size - 1 if self.steps else self.size

    def to_cells(self, weights: np.ndarray) -> np.ndarray:
        """One figure per cell."""
        return np.concatenate([weights[:1], [0.0], np.cumsum(weights[1:])]) if self.steps else weights

    def from_cells(self, sums: np.ndarray) -> np.ndarray:
        """Sums by cell (in the first axis) as sums by weight."""
        if not self.steps:
            return sums
        return np.concatenate([sums[:1], np.cumsum(sums[:1:-1], axis=0)[::-1]])


class Design:
    """`dense` columns (the intercept first), then blocks.

    `stacked` has a row per block, with the cells of all blocks numbered through.
    """

    def __init__(self, dense: np.ndarray, blocks: tuple[Block, ...], stacked: np.ndarray | None = None) -> None:
        self.dense, self.blocks = dense, blocks
        self.begins = np.concatenate([[0], np.cumsum([block.size for block in blocks])]).astype(int)
        if stacked is None:
            stacked = np.empty((len(blocks), len(dense)), int)
            for number, block in enumerate(blocks):
                stacked[number] = block.cells + self.begins[number]
        self.stacked = stacked
        self.places: list[slice] = []
        begin = dense.shape[1]
        for block in blocks:
            self.places.append(slice(begin, begin + block.width))
            begin += block.width
        self.width = begin

    def take(self, rows: np.ndarray) -> "Design":
        """The same for `rows`: a mask or their numbers."""
        return Design(self.dense[rows], self.blocks, np.ascontiguousarray(self.stacked[:, rows]))

    def logits(self, weights: np.ndarray) -> np.ndarray:
        """Every row's sum."""
        total = self.dense @ weights[: self.dense.shape[1]]
        if self.blocks:
            pairs = zip(self.blocks, self.places, strict=True)
            of_cells = np.concatenate([block.to_cells(weights[place]) for block, place in pairs])
            for cells in self.stacked:
                total += of_cells[cells]
        return total

    def sums(self, of_rows: np.ndarray) -> np.ndarray:
        """By weight: the sum of `of_rows` over the rows that have it, the transposed design times `of_rows`."""
        return np.concatenate([self.dense.T @ of_rows, self._from_cells(self._by_cell(of_rows))])

    def squares(self, of_rows: np.ndarray) -> np.ndarray:
        """By pair of weights: the transposed design, times `of_rows` on the diagonal, times the design."""
        wide, cells = self.dense.shape[1], int(self.begins[-1])
        made = np.zeros((self.width, self.width))
        weighted = self.dense * of_rows[:, None]
        made[:wide, :wide] = weighted.T @ self.dense
        if not self.blocks:
            return made
        for column in range(wide):
            made[wide:, column] = self._from_cells(self._by_cell(weighted[:, column]))
        made[:wide, wide:] = made[wide:, :wide].T
        both = np.zeros((cells, cells))
        for number, block in enumerate(self.blocks):
            # Every pair of this block's cells and those of the blocks up to it, counted in one go.
            end = int(self.begins[number + 1])
            pairs = self.stacked[: number + 1] + (self.stacked[number] - self.begins[number]) * end
            counted = np.bincount(pairs.ravel(), np.tile(of_rows, number + 1), block.size * end)
            both[self.begins[number] : end, :end] = counted.reshape(block.size, end)
        both = np.tril(both)
        both += np.tril(both, -1).T
        made[wide:, wide:] = self._from_cells(self._from_cells(both).T)
        return made

    def _by_cell(self, of_rows: np.ndarray) -> np.ndarray:
        made = np.zeros(int(self.begins[-1]))
        for cells, begin, end in zip(self.stacked, self.begins, self.begins[1:], strict=False):
            made[begin:end] = np.bincount(cells - begin, of_rows, end - begin)
        return made

    def _from_cells(self, sums: np.ndarray) -> np.ndarray:
        """Sums by cell of all blocks, in the first axis, as sums by weight."""
        parts = [
            block.from_cells(sums[begin : begin + block.size])
            for block, begin in zip(self.blocks, self.begins, strict=False)
        ]
        return np.concatenate(parts) if parts else sums
