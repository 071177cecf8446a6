"""`--json` means output, everywhere; `--from FILE|-` is a request's input. The old words are still taken.

Under `dispatch account`, `--json FILE|-` was the input once and `--json-out` the output. The operations have no
argument of their own, so a word behind `--json` can only be the old input.
"""

from __future__ import annotations

from collections.abc import Sequence

OUTPUT, INPUT = "--json", "--from"
OLD_OUTPUT = "--json-out"


def modernised(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """The command line in the words of today, and whether it had old ones."""
    given = list(arguments)
    if not given or given[0] != "account":
        return given, False
    made: list[str] = []
    place, old = 0, False
    while place < len(given):
        word = given[place]
        place += 1
        if word == "--":
            made += given[place - 1 :]
            break
        if word == OLD_OUTPUT:
            made.append(OUTPUT)
            old = True
        elif word.startswith(f"{OUTPUT}="):
            made += [INPUT, word.removeprefix(f"{OUTPUT}=")]
            old = True
        elif word == OUTPUT and place < len(given) and (given[place] == "-" or not given[place].startswith("-")):
            made += [INPUT, given[place]]
            place += 1
            old = True
        else:
            made.append(word)
    return made, old


def wanted(arguments: Sequence[str]) -> bool:
    """Return whether the command's outcome, and its error, is to be JSON."""
    words = list(arguments)
    return OUTPUT in (words[: words.index("--")] if "--" in words else words)
