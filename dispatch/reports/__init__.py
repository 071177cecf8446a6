"""Read models: what boards, lists, the overview and the gauges show. Nothing in here writes."""
