"""Pure: tickets, hops, accounts and effects with their life tables; names, money, time. No I/O, no clock."""
