"""装维: repaired on site."""

from bench.ours.stretch import ending_with

STRETCH = ending_with("fixed-on-site", cause="fibre", optical_power=-18.6, customer_confirmed=True)
