"""The dashboard's callables, bound to the real services of one world. Imported late: the first paint does not wait."""

from bottle_tui.core.edits import Edit
from bottle_tui.core.views import BottleStatus, Card, Outcome
from bottle_tui.ports import Role, World
from bottle_tui.services import attach as joining
from bottle_tui.services import decide, logs, lookup, quarantine, review, revoke, status, watching
from bottle_tui.services.rounds import Rounds
from bottle_tui.services.seen import Traffic
from bottle_tui.tui.wiring.beside import Caretaker, Witness
from bottle_tui.tui.wiring.lookout_wired import Notifier, lookout
from bottle_tui.tui.wiring.looks_wired import looks
from bottle_tui.tui.wiring.services import Services, Stream


def wired(world: World, notify: Notifier | None = None) -> Services:
    """All of them."""
    witness, rounds, looks_at = Witness(world), Rounds[BottleStatus](), Rounds[Traffic]()

    def bottles() -> list[BottleStatus]:
        found = status.bottles(world, rounds)
        if not found:
            lookup.check_engine(world)
        return found

    def cards() -> list[Card]:
        return review.cards(world, rounds=looks_at, lost={})  # the rows of the bottles say what is damaged

    def approve(id: str, digest: str, acknowledged: bool, edit: Edit) -> Outcome:
        return decide.approve(world, id, digest, edit=edit, acknowledged=acknowledged)

    def follow(slug: str, role: Role, tail: int) -> Stream:
        return logs.follow(world, slug, role, tail)

    def attach(slug: str, argv: list[str] | None) -> int:
        if argv is None:
            print(joining.how_to_leave(world, slug))
        return joining.attach(world, slug, argv)

    return Services(
        cards=cards,
        card=witness.card,
        bottles=bottles,
        approve=approve,
        reject=lambda id, reason: decide.reject(world, id, reason),
        reopen=lambda id: decide.reopen(world, id),
        undo=lambda id: revoke.undo(world, id),
        quarantine=lambda slug: quarantine.quarantine(world, slug),
        release=lambda slug: quarantine.release(world, slug),
        attach=attach,
        follow=follow,
        describe=lambda runtime: lookup.described(world, runtime),
        watched=lambda moment: watching.watched(world, moment),
        evidence=witness.of_card,
        settle=Caretaker(world).settle,
        now=world.clock.now,
        looks=looks(world),
        lookout=lookout(world, notify, lambda: rounds.late + looks_at.late),
    )
