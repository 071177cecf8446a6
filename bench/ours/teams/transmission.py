"""网络维护·传输: the line has a fault."""

from bench.ours.stretch import ending_with

STRETCH = ending_with("line-fault", test_result="OTDR 3.2 km 处断点", cause="fibre")
