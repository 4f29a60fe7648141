"""Looking: logs, traffic, the ledger, the doctor, the schema, the demo."""

from bottle_tui.cli.context import Context


def schema(context: Context) -> int:
    """The JSON Schema of bottle.yaml, for editors."""
    from bottle_tui.core.schema import json_schema

    context.out.document(json_schema())
    return 0


def audit_show(context: Context) -> int:
    """The ledger's records."""
    from bottle_tui.services import audit

    records = audit.records(context.world, context.args.slug)
    if context.out.as_json:
        context.out.document(records)
        return 0
    rows = [
        tuple(str(record.get(key) or "") for key in ("time", "kind", "component", "actor", "id", "line"))
        for record in records
    ]
    context.out.table(("TIME", "KIND", "COMPONENT", "ACTOR", "ID", "WHAT"), rows)
    return 0


def audit_verify(context: Context) -> int:
    """Check the chain of hashes; the first bad record is named."""
    from bottle_tui.services import audit

    line = audit.verify(context.world, context.args.slug)
    if context.out.as_json:
        context.out.document({"slug": context.args.slug, "ok": True, "line": line})
    else:
        context.out.line(line)
    return 0
