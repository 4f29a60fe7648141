"""How a question to the gate is run in its container."""

from bottle_tui.adapters.docker import executing


def test_a_question_to_the_gate_looks_for_no_installed_packages() -> None:
    for verb in ("control", "put-token"):
        argv = executing.quick(["python", "-m", "sidecar_addon", verb, "x"])
        assert argv == ["python", "-E", "-S", "-m", "sidecar_addon", verb, "x"]


def test_any_other_command_is_run_as_it_is() -> None:
    for argv in (["python", "-m", "sidecar_addon", "egress"], ["sh", "-c", "true"], ["python", "-m", "sidecar_addon"]):
        assert executing.quick(argv) == argv
