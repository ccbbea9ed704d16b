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


@dataclass(frozen=True)
class Design:
    """`dense` columns (the intercept first), then blocks."""

    dense: np.ndarray
    blocks: tuple[Block, ...]

    @property
    def places(self) -> list[slice]:
        """Where each block's weights are."""
        found, begin = [], self.dense.shape[1]
        for block in self.blocks:
            found.append(slice(begin, begin + block.width))
            begin += block.width
        return found

    @property
    def width(self) -> int:
        """How many weights there are."""
        return self.dense.shape[1] + sum(block.width for block in self.blocks)

    def take(self, rows: np.ndarray) -> "Design":
        """The same for `rows`: a mask or their numbers."""
        return Design(
            self.dense[rows], tuple(Block(block.cells[rows], block.size, block.steps) for block in self.blocks)
        )

    def logits(self, weights: np.ndarray) -> np.ndarray:
        """Every row's sum."""
        total = self.dense @ weights[: self.dense.shape[1]]
        for block, place in zip(self.blocks, self.places, strict=True):
            total += block.to_cells(weights[place])[block.cells]
        return total

    def sums(self, of_rows: np.ndarray) -> np.ndarray:
        """By weight: the sum of `of_rows` over the rows that have it, the transposed design times `of_rows`."""
        parts = [self.dense.T @ of_rows]
        parts += [block.from_cells(np.bincount(block.cells, of_rows, block.size)) for block in self.blocks]
        return np.concatenate(parts)

    def squares(self, of_rows: np.ndarray) -> np.ndarray:
        """By pair of weights: the transposed design, times `of_rows` on the diagonal, times the design."""
        made = np.zeros((self.width, self.width))
        wide = self.dense.shape[1]
        weighted = self.dense * of_rows[:, None]
        made[:wide, :wide] = weighted.T @ self.dense
        places = self.places
        for number, (block, place) in enumerate(zip(self.blocks, places, strict=True)):
            for column in range(wide):
                made[place, column] = block.from_cells(np.bincount(block.cells, weighted[:, column], block.size))
            made[:wide, place] = made[place, :wide].T
            own = np.diag(np.bincount(block.cells, of_rows, block.size))
            made[place, place] = block.from_cells(block.from_cells(own).T)
            for other, there in zip(self.blocks[:number], places[:number], strict=True):
                pairs = block.cells * other.size + other.cells
                both = np.bincount(pairs, of_rows, block.size * other.size).reshape(block.size, other.size)
                made[place, there] = other.from_cells(block.from_cells(both).T).T
                made[there, place] = made[place, there].T
        return made
