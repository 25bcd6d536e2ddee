"""Which proposals were applied, newest last, and taking the last one back.

In: an edit that was kept. Out: a line of `applied.jsonl` in the index folder, and `undo_last`.
Why the changed lines and not the whole old file: authors go on writing, and their work must stay.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path

from helpcenter.insights import edits
from helpcenter.insights.proposals import Proposal

NAME = "applied.jsonl"


@dataclass(frozen=True, slots=True)
class Applied:
    """One applied proposal: in `file` the text `old` became `new`, whole lines each."""

    says: str
    file: str
    """Below the content folder."""
    old: str
    new: str


def note(index_folder: Path, content: Path, proposal: Proposal, edit: edits.Edit) -> None:
    """Write down what was done. OSError where the index folder cannot be written."""
    before = (edit.before or b"").decode("utf-8").splitlines(keepends=True)
    after = edit.path.read_bytes().decode("utf-8").splitlines(keepends=True)
    changes = [block for block in SequenceMatcher(None, before, after, False).get_opcodes() if block[0] != "equal"]
    first, last = changes[0], changes[-1]
    old, new = "".join(before[first[1] : last[2]]), "".join(after[first[3] : last[4]])
    applied = Applied(proposal.says, edit.path.relative_to(content).as_posix(), old, new)
    with (index_folder / NAME).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(applied)) + "\n")  # ASCII: U+2028 would end a line


def undo_last(index_folder: Path, content: Path) -> Applied:
    """Put the old lines back in the place of the new ones. `EditRefused` where nothing was applied or they are gone."""
    path = index_folder / NAME
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    if not lines:
        raise edits.EditRefused("没有可撤回的建议：还没有采用过，或都已撤回。")
    applied = Applied(**json.loads(lines[-1]))
    file = content / applied.file
    text = file.read_bytes().decode("utf-8") if file.is_file() else ""
    if f"\n{text}".count(f"\n{applied.new}") != 1:
        raise edits.EditRefused(
            f"{file} 后来又改过，没有改动；请手工去掉“{applied.says}”，原来那行是：{applied.old.strip() or '（没有）'}"
        )
    restored = f"\n{text}".replace(f"\n{applied.new}", f"\n{applied.old}", 1)[1:]
    if restored:
        edits.write(file, restored.encode())
    else:
        file.unlink()
    edits.write(path, "".join(f"{line}\n" for line in lines[:-1]).encode())
    return applied
