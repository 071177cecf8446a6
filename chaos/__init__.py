"""破坏试验 chaos: the system is broken in every way that we know of while cases are under way, and afterwards counted.

`make test` runs it tiny, `make chaos` in the size of CI, `make chaos-full` by hand for an evening. What is broken:

- `kills`: kill -9 of every kind of process and of the database, at random and at the failpoints of `failpoints`;
- `troubles`: the broker emptied, paused, full, out of reach, black-holed; connections dropped after COMMIT was sent;
- `scenarios`: every message several times and late, poisoned tickets, old workers beside new ones, a broker that is
  away under load;
- `races`: two people do what only one can, to the same hop;
- `machine`: relays, workers, people and crashes in any order, on a clock of its own.

Nothing of this is in the product: children get `injected/` on their import path, which bends what is to break.
"""
