#!/bin/sh
# Prints a Python of at least 3.13 that really runs (a pyenv shim on PATH can exist and fail), or says what to install.
# Looks on PATH, in pyenv's versions, in ~/.pyenv, and asks uv. BOTTLE_TUI_PYTHON names one outright.

runs() {
    "$1" -c 'import sys, venv, ensurepip, ssl; sys.exit(sys.version_info < (3, 13))' </dev/null >/dev/null 2>&1
}

offer() {
    if [ -n "$1" ] && runs "$1"; then
        printf '%s\n' "$1"
        exit 0
    fi
}

if [ -n "${BOTTLE_TUI_PYTHON:-}" ]; then
    offer "$BOTTLE_TUI_PYTHON"
    echo "find-python.sh: BOTTLE_TUI_PYTHON=$BOTTLE_TUI_PYTHON is no Python >= 3.13 that runs" >&2
    exit 1
fi

for name in python3 python3.13 python3.14 python3.15 python3.16 python3.17 python3.18 python3.19 python; do
    old_ifs=$IFS
    IFS=:
    for folder in $PATH; do
        IFS=$old_ifs
        if [ -x "${folder:-.}/$name" ]; then offer "${folder:-.}/$name"; fi
    done
    IFS=$old_ifs
done

home=${HOME:-}
if [ -z "$home" ]; then
    home=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)
fi
for root in "${PYENV_ROOT:-}" "$(pyenv root 2>/dev/null)" "${home:+$home/.pyenv}"; do
    if [ -n "$root" ]; then
        for candidate in "$root"/versions/3.1[3-9]*/bin/python; do
            if [ -x "$candidate" ]; then offer "$candidate"; fi
        done
    fi
done

for uv in uv "${home:+$home/.local/bin/uv}" "${home:+$home/.cargo/bin/uv}"; do
    if [ -n "$uv" ]; then
        offer "$("$uv" python find --no-project '>=3.13' 2>/dev/null </dev/null)"
    fi
done

cat >&2 <<'TEXT'
find-python.sh: no Python >= 3.13 found (with venv and ssl) on PATH, under pyenv, or by uv.
Install one, then try again:
  uv python install 3.13        (https://docs.astral.sh/uv/)
  pyenv install 3.13
  Debian, Ubuntu: apt install python3.13 python3.13-venv     macOS: brew install python@3.13
or name one: BOTTLE_TUI_PYTHON=/path/to/python3.13 make …
TEXT
exit 1
