"""What of a bottle's folder belongs to one incarnation: gone when it is, and before the next begins."""

from bottle_tui.core import journal, slots
from bottle_tui.services import telling
from bottle_tui.services.session import CONFIG_FILE, QUARANTINE_FILE, RELEASE_FILE, TABLE_FILE

_POLICY = (TABLE_FILE, CONFIG_FILE, QUARANTINE_FILE, RELEASE_FILE)
OF_AN_INCARNATION = (journal.FILE, "queue", slots.FILE, *_POLICY, telling.STATE_FILE, "ca")
