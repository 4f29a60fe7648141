"""What is said once more before something is decided."""

from bottle_tui.core.text import visible
from bottle_tui.core.views import Card
from bottle_tui.tui.presentation.risk_rows import worst_first
from bottle_tui.tui.presentation.rows import Row, Span, cut_middle, foreign, row, rule, spread, wrapped


def confirmation(card: Card, width: int) -> tuple[Row, ...]:
    """What `a` shows at a danger: each such sentence whole, then what `y` does."""
    rows: list[Row] = [rule("read this, then y", "", width, "danger")]
    for risk in worst_first(card.risks):
        if risk.level == "danger":
            for index, line in enumerate(wrapped(visible(risk.text), width - 6)):
                rows.append(row(Span(" !! " if not index else "    ", "danger"), Span(line, "danger")))
    approve = row(Span(" y ", "key"), Span(f"approve this for {visible(card.slug)}", "strong"))
    leave = row(Span("esc ", "key"), Span("leave it ", "plain"))
    return (*rows, spread(approve, leave, width))


def asked_row(card: Card, width: int) -> Row:
    """What is being rejected, in one line."""
    host = cut_middle(visible(card.host or "lines for its Dockerfile"), max(width - 30, 12))
    return row(Span(" reject ", "strong"), foreign(card.slug, "strong"), Span(" · "), Span(host, "strong"))


def asked_rows(line: str, width: int) -> tuple[Row, ...]:
    """One sentence, and what `y` does."""
    said = [row(Span(f"  {piece}", "strong")) for piece in wrapped(visible(line), width - 4)]
    keys = spread(row(Span(" y ", "key"), Span("do it")), row(Span("esc ", "key"), Span("leave it ")), width)
    return (rule("sure?", "", width, "warn"), *said, keys)
