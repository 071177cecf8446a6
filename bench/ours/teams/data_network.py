"""网络维护·数据: not a data fault after all."""

from bench.ours.stretch import ending_with

STRETCH = ending_with("not-ours", test_result="路由正常, 端口有误码")
