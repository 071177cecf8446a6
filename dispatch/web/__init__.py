"""The web: the API and the pages. No other folder knows HTTP.

One thread does a request from beginning to end, in one transaction (`routes`). It first identifies the caller
(`credentials`) and asks what they may do (`policy`); errors become problem documents (`problems`).
"""
