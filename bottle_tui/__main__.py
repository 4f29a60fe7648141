"""`python -m bottle_tui` is `bottle-tui`."""

import sys

from bottle_tui.cli.main import main

sys.exit(main())
