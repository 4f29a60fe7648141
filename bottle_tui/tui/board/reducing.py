"""The board after something was heard: one pure function."""

from dataclasses import replace
from datetime import datetime

from bottle_tui.core.marks import Marks
from bottle_tui.core.views import Outcome
from bottle_tui.tui import messages as m
from bottle_tui.tui.board.moment import Board, Result


def reduced(board: Board, heard: m.Heard, now: datetime) -> Board:
    """The next board."""
    board = replace(board, now=now)
    match heard:
        case m.CardsLoaded(cards, at):
            return board.loaded(cards, at)
        case m.CardsFailed(line):
            return replace(board, cards_trouble=line)
        case m.BottlesLoaded(bottles, runtime, at, epoch):
            return board.heard(bottles, runtime, at, epoch)
        case m.TimeJumped(epoch):
            return replace(board, epoch=epoch)
        case m.BottlesFailed(line):
            return replace(board, bottles_trouble=line)
        case m.CardLearned(card):
            return board.learned(card)
        case m.Edited(id, edit):
            return replace(board, edits=board.edits.edited(id, edit))
        case m.EditComputed(edit, card):
            return replace(board, edits=board.edits.learned(edit, card))
        case m.EditFailed(id, edit, line) if id in board.cards:
            return replace(board, edits=board.edits.failed(board.cards[id], edit, line))
        case m.EvidenceLoaded(edit, evidence, at):
            return replace(board, edits=board.edits.witnessed(edit, evidence, at))
        case m.EvidenceFailed(id, line):
            return replace(board, edits=board.edits.unwitnessed(id, line))
        case m.Settled(lines):
            return board.noted(lines)
        case m.DecisionBegan(verb, id, line):
            return board.started(id, verb, line)
        case m.Filtered(slug):
            return board.filtered(slug)
        case m.Moved(by, to):
            return board.opened(to) if to else board.moved(by)
        case m.Marked(id, digest):
            return replace(board, marks=board.marks.toggled(id, digest) if id else Marks())
        case m.Folded(slug, away):
            return board.folded(slug, away=away)
        case m.StandingLoaded(groups, endings, muted, at):
            known = replace(board.standing, groups=groups, endings=endings, muted=muted, at=at, trouble="")
            return replace(board, standing=known)
        case m.StandingFailed(line):
            return replace(board, standing=replace(board.standing, trouble=line))
        case m.AbsenceLoaded(absence):
            return replace(board, standing=replace(board.standing, absence=absence, absence_trouble=""))
        case m.AbsenceFailed(line):
            return replace(board, standing=replace(board.standing, absence_trouble=line))
        case m.Muted(slug, line):
            return board.ended(slug, Result(now, line, "ok", slug))
        case m.Proposed(id):
            return board.wanting(id)
        case m.Withdrawn(id, line):
            return board.without(id).ended(id, Result(now, line, "ok", id))
        case m.DecisionEnded(verb, outcome):
            return board.gone(outcome).ended(outcome.id, result_of(verb, outcome, now))
        case m.DecisionFailed(_, id, line):
            return board.ended(id, Result(now, line, "bad", id))
        case m.BottleChanged(slug, line):
            return board.ended(slug, Result(now, line, "ok", slug))
    return board


def result_of(verb: str, outcome: Outcome, now: datetime) -> Result:
    """An approval's line ends in "in force, proven", or says what is not; that sentence is the service's."""
    good = outcome.exit_code == 0
    undo = good and verb == "approve" and outcome.status == "approved"
    reopen = good and verb == "reject" and outcome.status == "rejected"
    return Result(now, outcome.line, "ok" if good else "bad", outcome.id, undo, reopen)
