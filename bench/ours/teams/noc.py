"""网管监控: the fault is inside the plant, in a data segment."""

from bench.ours.stretch import ending_with

STRETCH = ending_with("inside-plant", test_result="收光正常, 网关不通", segment="data")
