"""The board after something was heard: one pure function, by what the message is about."""

from dataclasses import replace
from datetime import datetime

from bottle_tui.core.marks import Marks
from bottle_tui.core.views import Outcome
from bottle_tui.tui import messages as m
from bottle_tui.tui.board import arrivals, cursor, deciding, results
from bottle_tui.tui.board.moment import Board
from bottle_tui.tui.board.results import Result


def reduced(board: Board, heard: m.Heard, now: datetime) -> Board:
    """The next board."""
    board = replace(board, now=now)
    nexts = (step(board, heard) for step in (_answered, _beside, _edited, _looked, _decided))
    return next((after for after in nexts if after is not None), board)


def _answered(board: Board, heard: m.Heard) -> Board | None:
    """The listings."""
    match heard:
        case m.CardsLoaded(cards, at):
            return arrivals.listed(board, cards, at)
        case m.CardsFailed(line):
            return replace(board, cards_trouble=line)
        case m.BottlesLoaded(bottles, runtime, at, epoch):
            return arrivals.heard(board, bottles, runtime, at, epoch)
        case m.BottlesFailed(line, silent):
            return arrivals.unheard_of(board, line, silent=silent)
        case m.TimeJumped(epoch):
            return replace(board, epoch=epoch)
        case m.CardLearned(card):
            return arrivals.learned(board, card)
        case m.Settled(lines):
            return replace(board, results=results.noted(board.results, lines, board.now))
    return None


def _beside(board: Board, heard: m.Heard) -> Board | None:
    """What stands beside the inbox."""
    standing = board.standing
    match heard:
        case m.StandingLoaded(groups, endings, muted, at, decisions):
            known = replace(standing, groups=groups, endings=endings, muted=muted, at=at, decisions=decisions)
            return replace(board, standing=replace(known, trouble=""))
        case m.StandingFailed(line):
            return replace(board, standing=replace(standing, trouble=line))
        case m.AbsenceLoaded(absence, left):
            return replace(board, standing=replace(standing, absence=absence, absence_trouble="", left=left))
        case m.AbsenceFailed(line, left):
            return replace(board, standing=replace(standing, absence=None, absence_trouble=line, left=left))
    return None


def _edited(board: Board, heard: m.Heard) -> Board | None:
    """What the operator changes on cards, and what is known beside them."""
    match heard:
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
    return None


def _looked(board: Board, heard: m.Heard) -> Board | None:
    """Where the operator looks, and what is marked."""
    match heard:
        case m.Filtered(slug):
            return cursor.filtered(board, slug)
        case m.Moved(by, to):
            return cursor.opened(board, to) if to else cursor.moved(board, by)
        case m.Marked(id, digest):
            return replace(board, marks=board.marks.toggled(id, digest) if id else Marks())
        case m.AllMarked(slug):
            shown = cursor.folded(board, slug, away=False)
            return replace(shown, marks=board.marks.with_all(board.markable_of(slug)))
        case m.Folded(slug, away):
            return cursor.folded(board, slug, away=away)
    return None


def _decided(board: Board, heard: m.Heard) -> Board | None:
    """What is done, and how it ended."""
    now = board.now
    match heard:
        case m.DecisionBegan(verb, id, line):
            return deciding.started(board, id, verb, line)
        case m.DecisionEnded(verb, outcome):
            after = cursor.gone(board, outcome)
            return deciding.ended(after, outcome.id, result_of(verb, outcome, now))
        case m.DecisionFailed(_, id, line):
            return deciding.ended(board, id, Result(now, line, "bad", id))
        case m.Muted(slug, line) | m.BottleChanged(slug, line):
            return deciding.ended(board, slug, Result(now, line, "ok", slug))
        case m.Reminded(id):
            return replace(board, results=results.reminded(board.results, id))
        case m.Proposed(id):
            return arrivals.filed(board, id)
        case m.Withdrawn(id, line):
            return deciding.ended(cursor.without(board, id), id, Result(now, line, "ok", id))
    return None


def result_of(verb: str, outcome: Outcome, now: datetime) -> Result:
    """An approval's line ends in "in force, proven", or says what is not; that sentence is the service's."""
    good = outcome.exit_code == 0
    undo = good and verb == "approve" and outcome.status == "approved"
    reopen = good and verb == "reject" and outcome.status == "rejected"
    unsettled = verb == "approve" and outcome.status == "failed"
    return Result(now, outcome.line, "ok" if good else "bad", outcome.id, undo, reopen, unsettled=unsettled)
