"""Time of a slip and an invoice once warm, each with new data: `python bench/slips.py [COUNT]`.

The goal is a median under 50 ms. With fpdf2 installed (`pip install -r requirements/bench.txt`) the same words are set
by fpdf2 too, in turns (A B A B).
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).parent.parent))

from dispatch.slips.fonts import find_fonts
from dispatch.slips.forms import InvoiceData, SlipData
from dispatch.slips.typesetting import invoice, slip
from tests.slip_samples import INVOICE, OPENING

T = TypeVar("T")


def fresh_slip(i: int) -> SlipData:
    return replace(
        OPENING, serial=f"S{i:09d}", customer=f"客户{i}", account=f"GZ{i:08d}", record_url=f"https://a.cn/{i}"
    )


def fresh_invoice(i: int) -> InvoiceData:
    return replace(INVOICE, number=f"{i:08d}", buyer=f"客户{i}", account=f"GZ{i:08d}", record_url=f"https://a.cn/i/{i}")


def _make(form: Callable[[T], bytes], data: Callable[[int], T], number: int) -> bytes:
    return form(data(number))


def words(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from words(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from words(each)
    elif value is not None:
        yield str(value)


def by_fpdf2(data: SlipData) -> bytes:
    """Set the words of the slip, one per line, in the same font, without tables, code or PDF/A: less than ours does."""
    from fpdf import FPDF

    fonts = find_fonts()
    page = FPDF(format="A5")
    page.add_page()
    page.add_font("zh", fname=next(fonts.folder.glob("*.ttc")), collection_font_number=2)
    page.set_font("zh", size=9)
    for word in words(asdict(data)):
        page.multi_cell(0, 4, word, new_x="LMARGIN", new_y="NEXT")
    return bytes(page.output())


def milliseconds(act: Callable[[], object]) -> tuple[float, float]:
    """Return wall time and processor time: on a busy machine the wall time says little."""
    clock, processor = perf_counter(), process_time()
    act()
    return (perf_counter() - clock) * 1000, (process_time() - processor) * 1000


def tell(name: str, times: list[tuple[float, float]]) -> float:
    """Return the median processor time."""
    clocks, processors = sorted(clock for clock, _ in times), [processor for _, processor in times]
    middle, late, worked = median(clocks), clocks[int(len(clocks) * 0.95)], median(processors)
    print(f"{name:8} median {middle:7.1f} ms   p95 {late:7.1f} ms   processor {worked:7.1f} ms   of {len(times)}")
    return worked


def main(count: int) -> None:
    tell("first", [milliseconds(lambda: slip(fresh_slip(0)))])
    for i in range(1, 11):
        slip(fresh_slip(i)), invoice(fresh_invoice(i))
    slips = [milliseconds(partial(_make, slip, fresh_slip, i)) for i in range(11, 11 + count)]
    invoices = [milliseconds(partial(_make, invoice, fresh_invoice, i)) for i in range(11, 11 + count)]
    tell("slip", slips)
    tell("invoice", invoices)
    print(f"memory   {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:8} MB at most")
    try:
        import fpdf  # noqa: F401
    except ImportError:
        print("fpdf2 isn't installed: no comparison")
        return
    ours, theirs = [], []
    for i in range(count + 11, count + 21):
        ours.append(milliseconds(partial(_make, slip, fresh_slip, i)))
        theirs.append(milliseconds(partial(_make, by_fpdf2, fresh_slip, i)))
    print("in turns, A B A B:")
    print(f"fpdf2 takes {tell('fpdf2', theirs) / tell('typst', ours):.1f} times as long")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
