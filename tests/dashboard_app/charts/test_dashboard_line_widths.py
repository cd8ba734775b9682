"""Lines with the same values are all seen."""

from __future__ import annotations

import pytest
from dashboard_app.charts.line_widths import line_widths


@pytest.mark.parametrize("count", range(1, 9))
def test_a_line_that_is_drawn_later_is_thinner(count: int) -> None:
    """So the one below is seen on both sides of it; no line is thicker than five pixels."""
    names = [f"line {number}" for number in range(count)]
    scale = line_widths("group", names).to_dict()["scale"]

    assert scale["domain"] == names
    assert scale["range"] == sorted({*scale["range"]}, reverse=True)
    assert len(scale["range"]) == count
    assert 1.5 <= min(scale["range"]) <= max(scale["range"]) <= 5
