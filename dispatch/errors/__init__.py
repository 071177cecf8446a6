"""One tree of errors. Each carries its facts; its docstring is its message, the first line Chinese, the rest English.

An edge picks the language: the command line by the environment, the API by Accept-Language, a page by its switch.
`str(error)` is the English sentence: logs are English. Each class also has a stable `code` for programs, and a heading
that names the kind of error for people. HTTP statuses and exit statuses belong to the edges (`web`, `cli`).

Each module holds the errors of one subject; everybody imports them from here.
"""

from dispatch.errors.access import *
from dispatch.errors.base import *
from dispatch.errors.concurrency import *
from dispatch.errors.counter import *
from dispatch.errors.customer_data import *
from dispatch.errors.input import *
from dispatch.errors.installation import *
from dispatch.errors.signing import *
from dispatch.errors.tickets import *
from dispatch.errors.uploads import *
