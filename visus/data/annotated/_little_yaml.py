"""As much of YAML as a data.yaml holds: keys with texts, numbers, lists and tables, one level of indentation."""

import re
from pathlib import Path
from typing import Any

KEY = re.compile(r"""(?P<key>"[^"]*"|'[^']*'|[^\s:#\[\]{},&*!|>%@`-][^:#]*?)\s*:(?:\s+(?P<value>.*))?$""")
UNSUPPORTED = ("&", "*", "!", "|", ">", "%", "@", "`")


def read_yaml(text: str, file: Path) -> dict[str, Any]:
    """The table in a file. Raises ValueError that names the file and the line for what goes beyond."""
    found: dict[str, Any] = {}
    owner = ""  # the key whose list or table stands on the lines below it
    open_brackets = ""
    for place, raw in enumerate(text.splitlines(), 1):
        where = f"{file}, line {place}"
        line = _without_comment(raw)
        if open_brackets:  # a list in brackets may go on over several lines
            open_brackets += " " + line.strip()
            if _closed(open_brackets):
                found[owner] = _value(open_brackets, where)
                open_brackets = ""
            continue
        if not line.strip() or line.strip() in ("---", "..."):
            continue
        indented = line[0] in " \t" or line.startswith("- ")
        if indented and owner:
            _add_below(found, owner, line.strip(), where)
            continue
        entry = KEY.match(line.strip())
        if entry is None or indented:
            raise ValueError(f"{where}: '{line.strip()[:40]}' is not understood; expected key: value")
        owner, value = _bare(entry["key"]), (entry["value"] or "").strip()
        if value[:1] in ("[", "{") and not _closed(value):
            open_brackets = value
        else:
            found[owner] = _value(value, where) if value else None
    if open_brackets:
        raise ValueError(f"{file}: the list of '{owner}' is never closed; expected ] or }} at its end")
    return found


def _add_below(found: dict[str, Any], owner: str, line: str, where: str) -> None:
    if line.startswith("-"):
        if not isinstance(found.get(owner) or [], list):
            raise ValueError(f"{where}: '{owner}' is a list and something else; expected one of them")
        found[owner] = [*(found.get(owner) or []), _value(line[1:].strip(), where)]
        return
    entry = KEY.match(line)
    if entry is None or not isinstance(found.get(owner) or {}, dict):
        raise ValueError(f"{where}: '{line[:40]}' is not understood below '{owner}'; expected - value, or key: value")
    found[owner] = {**(found.get(owner) or {}), _bare(entry["key"]): _value((entry["value"] or "").strip(), where)}


def _value(text: str, where: str) -> Any:
    if text[:1] == "[" and text.endswith("]"):
        return [_value(part, where) for part in _split(text[1:-1])]
    if text[:1] == "{" and text.endswith("}"):
        pairs = [part.partition(":") for part in _split(text[1:-1])]
        return {_bare(key.strip()): _value(value.strip(), where) for key, _, value in pairs}
    if text[:1] in ('"', "'"):
        return _bare(text)
    if text[:1] in UNSUPPORTED:
        raise ValueError(f"{where}: '{text[:40]}' goes beyond plain lists and texts; write it out")
    if re.fullmatch(r"[-+]?\d+", text):
        return int(text)
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    return text


def _split(text: str) -> list[str]:
    """What stands between commas, those within quotes or inner brackets aside."""
    parts, depth, quote, own = [], 0, "", ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'" and not own.strip():
            quote = letter
        depth += 0 if quote else (letter in "[{") - (letter in "]}")
        if letter == "," and not depth and not quote:
            parts.append(own.strip())
            own = ""
        else:
            own += letter
    return [*parts, own.strip()] if own.strip() else parts


def _closed(text: str) -> bool:
    return text.count("[") + text.count("{") <= text.count("]") + text.count("}")


def _bare(text: str) -> str:
    """A text without its quotes."""
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text[1:-1].replace('\\"', '"') if len(text) >= 2 and text[0] == text[-1] == '"' else text


def _without_comment(line: str) -> str:
    """A line up to a # that stands alone and in no quotes."""
    for place, letter in enumerate(line):
        before = line[:place]
        if (
            letter == "#"
            and (not before or before[-1] in " \t")
            and not (before.count('"') % 2 or before.count("'") % 2)
        ):
            return before.rstrip()
    return line.rstrip()
