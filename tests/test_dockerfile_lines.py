"""Which lines an agent may propose to append to its Dockerfile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar_addon.dockerfile_lines import ALLOWED, LineError, normalise

TAKEN = [
    "RUN apt-get update && apt-get install -y jq",
    "RUN apt-get update && \\\n    apt-get install -y --no-install-recommends jq",
    "run pip install httpx",
    "USER root\nRUN apt-get install -y jq\nUSER 1000",
    "ENV EDITOR=vi\nARG X=1\nWORKDIR /work\nLABEL a=b",
    "COPY --chown=1000:1000 tools/ /opt/tools/",
    "# a comment\n\nRUN true",
    "RUN printf '%s' 'from here'",
    "RUN a && \\\n# said between\n    b",
]


@pytest.mark.parametrize("text", TAKEN)
def test_ordinary_lines_are_taken_as_they_are(text: str) -> None:
    assert normalise(text) == text


def test_trailing_blanks_and_outer_empty_lines_go() -> None:
    assert normalise("\n\nRUN true  \r\nRUN false\t\n\n") == "RUN true\nRUN false"


REFUSED = {
    "FROM scratch": "FROM may not be appended",
    "from scratch": "FROM may not be appended",
    "  FROM scratch": "FROM may not be appended",
    "FROM\tscratch": "FROM may not be appended",
    "ADD https://files.example.net/x /x": "ADD may not be appended",
    "ONBUILD RUN true": "ONBUILD may not be appended",
    'ENTRYPOINT ["x"]': "ENTRYPOINT may not be appended",
    "VOLUME /work": "VOLUME may not be appended",
    'SHELL ["/bin/sh"]': "SHELL may not be appended",
    "apt-get install jq": "may not be appended; these may",
    "# syntax=example.com/frontend:1\nRUN true": "parser directive",
    "#syntax = x\nRUN true": "parser directive",
    "# escape=`\nRUN true": "parser directive",
    "RUN --network=host true": "takes no flags",
    "RUN  --mount=type=ssh true": "takes no flags",
    "RUN --security=insecure true": "takes no flags",
    "RUN \\\n--network=host true": "on the same line",
    "RUN": "on the same line",
    "COPY --from=other /a /b": "no --from",
    "COPY --chown=1:1 --from=other /a /b": "no --from",
    "COPY --chown=1:1 \\\n --from=other /a /b": "on one line",
    "RUN true \\\nFROM scratch": "must not begin with the word FROM",
    "RUN true \\\n\nFROM scratch": "must not begin with the word FROM",
    "RUN true \\\n# x\n  add a b": "must not begin with the word ADD",
    "RUN true `\nFROM scratch": "backtick",
    "RUN <<EOF\nFROM scratch\nEOF": "heredoc",
    "RUN cat <<x": "heredoc",
    "RUN true \\": "must not end in a backslash",
    "ARG BUILDKIT_SYNTAX=x": "BUILDKIT_",
    "RUN true\rFROM scratch": "U\\+000D",
    "RUN true\x0bFROM scratch": "U\\+000B",
    "RUN true\u2028FROM scratch": "U\\+2028",
    "\u00a0FROM scratch": "U\\+00A0",
    "RUN echo \u202egnp": "U\\+202E",
    "RUN \x1b[2J": "U\\+001B",
    "": "holds no instruction",
    "# only words": "holds no instruction",
    "RUN " + "x" * 8000: "at most 8000",
    "RUN true\n" * 101: "at most 100",
}


@pytest.mark.parametrize(("text", "says"), REFUSED.items())
def test_lines_that_could_bring_in_more_than_they_show_are_refused(text: str, says: str) -> None:
    with pytest.raises(LineError, match=says):
        normalise(text)


piece = st.sampled_from(
    [
        "RUN",
        "FROM",
        "ADD",
        "COPY",
        "--from=x",
        "--network=host",
        "true",
        "\\",
        "\n",
        " ",
        "\t",
        "#",
        "`",
        "<<",
        "&&",
        "x",
    ]
)


@given(st.lists(piece, max_size=14).map("".join))
def test_however_a_builder_joins_the_lines_no_instruction_begins_that_was_not_allowed(text: str) -> None:
    try:
        taken = normalise(text)
    except LineError:
        return
    assert normalise(taken) == taken
    for line in taken.split("\n"):
        words = line.split()
        # Read as a line of its own, or as part of the one before: neither brings in FROM, ADD, or a flag.
        if words and not words[0].startswith("#"):
            assert words[0].upper() not in ("FROM", "ADD", "ONBUILD")
            if words[0].upper() in ALLOWED and len(words) > 1:
                assert not words[1].startswith("--")
