"""`bottle-tui demo`: the whole loop with a toy upstream and a scripted agent, as the bottle `demo`.

Without a terminal it decides by itself and prints what happens; with one, the dashboard opens and a person presses the
key. It uses the services that the command line and the dashboard use; only the upstream and the agent are toys.
"""

from bottle_tui.demo.show import by_itself, demo, run

__all__ = ["by_itself", "demo", "run"]
