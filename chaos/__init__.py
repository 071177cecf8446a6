"""破坏试验 chaos: the system is broken in every known way while cases are in flight, and its results are counted
afterwards.

`make test` runs it tiny, `make chaos` in the size of CI, `make chaos-full` by hand for an evening.

- `kills`: kill -9 of every kind of process and of the database, at random and at the failpoints of `failpoints`;
- `troubles`: the broker emptied, paused, full, out of reach, black-holed; connections dropped after COMMIT was sent;
- `scenarios`: every message delivered several times and late, poisoned tickets, old workers beside new ones, a broker
  that is away under load;
- `races`: two people attempt acts on one hop that exclude each other;
- `machine`: relays, workers, people and crashes in any order, on a clock of its own.

`make test-others` (`chaos.others`) breaks less and tries more: the databases and brokers that others run, in pairs.

Nothing of this is in the product: child processes get `injected/` on their import path, which patches their modules.
"""
