"""业务支撑中心: the books are in order."""

from bench.ours.stretch import ending_with

STRETCH = ending_with("not-system", test_result="账号状态正常, 认证记录正常")
