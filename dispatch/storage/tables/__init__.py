"""The tables for SQLAlchemy: `tickets` of the flows, `complaints` of one of them, `referrals` of the hotlines,
`accounts` of the counter, `devices` of its register of devices, `identity` of who stands there, `signatures` on slips,
`billing` of its events, `access` of the web.

`storage`, the read models of `reports`, `doctor` and `backup` import them; a use case asks `storage`.
"""
