"""Building: the content folder becomes the live snapshot. The whole flow is `build`, top to bottom.

In: a folder of Markdown and the index folder. Out: a new snapshot beside the live one, verified, then switched to; or
ContentFaults with every fault, the live one untouched. Why in these stages: reading and segmenting cost nearly
everything and depend on one file each, so they run on every core and only for files whose bytes changed; the rest is
array work, done anew each time, so that an incremental build gives the very bytes a full build would.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.building.assembling import assemble, write_guides
from index.building.batches import File, Progress, prepare_all
from index.building.parts import Previous, open_previous
from index.building.preparing import Prepared
from index.building.shape import reason as reason_of
from index.building.shape import shape
from index.content.articles import article_id, read_topics, scan, scan_asks
from index.content.asks import asks_path, lost_files
from index.content.guide_proofs import GuideFile, dead_links
from index.content.guides import digest_guides, read_guides
from index.content.linking import IMAGE_TYPES
from index.content.site_links import dead_site_links
from index.content.sites import SiteFile, read_site
from index.engine import Keeper
from index.model import BuildReport, ContentFaults, IndexUnavailable, Problem
from index.store.blobs import Texts
from index.store.signing import load_key, sign
from index.store.snapshots import Checked, IndexFolder, write_stamp
from index.store.writing import Files, why
from index.text.segmenting import segmenter_for
from index.text.tuning import Tuning, read_tuning
from index.weights import load_weights

if TYPE_CHECKING:
    from index.meaning.encoder import Encoder
    from index.search.opening import LocalSnapshot


def build(
    content: Path,
    index: Path,
    *,
    full: bool = False,
    drafts: bool = False,
    today: date | None = None,
    keep: int = 3,
    progress: Progress | None = None,
    last: Future[Checked] | None = None,
    key: str = "",
    meaning: str = "",
    keeper: Keeper | None = None,
) -> BuildReport:
    """Bring the index in `index` up to date with the articles in `content`.

    `last`: the live snapshot, where somebody is checking it already. `key`: a key file to sign with; a live snapshot
    that it did not sign is not built upon. `meaning`: where the model of meanings is (`model_folder`). `keeper` is
    given a snapshot's postings before that goes live. Incremental unless `full` is set or something that shapes every
    section changed: see `shape.py`. Articles that are not shown on `today` (drafts, `publish`, `withdraw`) are left out
    of everything; a build on a later day takes them in or out. Raises ContentFaults, IndexUnavailable where the folders
    cannot be read or written, or ModelUnavailable. A second build waits for the first.
    """
    started = time.perf_counter()
    tell = progress or (lambda stage, done, total: None)
    if not content.is_dir():
        raise IndexUnavailable(f"找不到内容文件夹 {content}。请用 --content 指定，或设置 HELPCENTER_CONTENT。")
    encoder = _model(meaning) if meaning else None
    folder = IndexFolder(index, key)
    secret = load_key(key) if key else b""
    with _failures_told(index), folder.lock():
        tuning, site = read_tuning(content), read_site(content)
        shaped = shape(tuning, site.site, drafts, encoder.digest if encoder else "")
        with ThreadPoolExecutor(1) as pool:  # checking the last snapshot releases the interpreter lock
            reading = pool.submit(_read, content)
            previous, reason, vectors = (None, "按要求全部重建", None) if full else _previous(folder, shaped, last)
            sources, lost = reading.result()
        known = previous.digests if previous else {}
        changed = [file for file in sources if known.get(file.id) != file.digest]
        topics, problems = read_topics(content)
        guides, guide_problems = read_guides(content)
        prepared, found = prepare_all(changed, tuning, site.site.filters, tell)
        dated = _dated(prepared, previous)
        day = (today or date.today()).isoformat()  # noqa: DTZ011 the operator's own day
        hidden = {id for id, (begin, end) in dated.items() if (begin and day < begin) or (end and day >= end)}
        if not drafts:
            hidden.update(item.id for item in prepared.values() if item.draft)
        shown = [file for file in sources if file.id not in hidden]
        ids = [file.id for file in shown]
        problems = [*lost, *found, *problems, *guide_problems, *site.problems]
        if all(problem.level != "fault" for problem in found):  # an article at fault has no sections to look for
            anchors = _anchors(guides, site, ids, prepared, previous)
            problems += [*dead_links(guides, anchors), *dead_site_links(site, anchors, guides)]
        if faults := {problem for problem in problems if problem.level == "fault"}:
            raise ContentFaults(tuple(sorted(faults, key=lambda fault: (fault.path, fault.line, fault.message))))
        identity = _identity(shaped, tuning, shown, (topics, digest_guides(content), site.site), _pictures(content))
        removed = len(known.keys() - {file.id for file in sources})
        if previous and previous.stamp["id"] == identity:
            if keeper:
                keeper.fill(previous.place, previous.stamp, tell)
            counts = previous.stamp["articles"], previous.stamp["sections"]
            return BuildReport(*counts, 0, 0, time.perf_counter() - started, previous.place.name, False, "")
        with folder.building() as place:
            tell("write", 0, 1)
            with Files(place) as files:
                files.beside(folder.drop, max(keep - 1, 1))
                encode = None
                if encoder:
                    from index.meaning.encoding import encode_sections

                    cut, told = segmenter_for(tuning.words).cut, partial(tell, "encode")
                    encode = partial(encode_sections, encoder=encoder, cut=cut, last=vectors, tell=told)
                made = assemble(files, content, ids, prepared, previous, topics, site.site, load_weights(), encode)
                files.write(write_guides, place, [file.guide for file in guides])
                from index.search.opening import LocalSnapshot  # loads while the last files are written
            stamp = {
                "id": identity,
                "shape": shaped,
                "built": datetime.now(UTC).isoformat(timespec="seconds"),
                **made,
                "dated": {file.id: dated[file.id] for file in shown if file.id in dated},
                "tuning": tuning.as_json(),
            }
            write_stamp(place, stamp, files.checksums)
            if secret:
                sign(place, secret)
            # The checksums were taken from the written files a moment ago.
            _verify(LocalSnapshot(place, verify=False))
            if keeper:
                keeper.fill(place, stamp, tell)
            tell("write", 1, 1)
            name = folder.publish(place, identity[:12], keep)
            if keeper:
                keeper.sweep({old.partition("-")[2] for old in folder.names()})
    return BuildReport(
        made["articles"],
        made["sections"],
        len({file.id for file in changed} - hidden),
        removed,
        time.perf_counter() - started,
        name,
        previous is None,
        reason,
        tuple(problems),
    )


def _model(meaning: str) -> Encoder:
    """The model; it loads for those alone who use it, 20 ms."""
    from index.meaning.encoder import Encoder
    from index.meaning.models import model_folder

    return Encoder(model_folder(meaning))


def _dated(prepared: dict[str, Prepared], previous: Previous | None) -> dict[str, tuple[str, str]]:
    """From and until when articles are shown, for those that say; of unchanged ones as the last snapshot has it."""
    kept = previous.stamp.get("dated", {}) if previous else {}
    dated = {id: tuple(dates) for id, dates in kept.items() if id not in prepared}
    for item in prepared.values():
        if item.publish or item.until:
            dated[item.id] = (str(item.publish or ""), str(item.until or ""))
    return dated


def _anchors(
    guides: Sequence[GuideFile],
    site: SiteFile,
    ids: Sequence[str],
    prepared: dict[str, Prepared],
    previous: Previous | None,
) -> dict[str, list[str]]:
    """The anchors of every live article that a guide or the site names; of the others, none."""
    named = {step.partition("#")[0] for file in guides for one in file.guide.outcomes.values() for step in one.steps}
    named |= site.articles
    outlines = Texts(previous.place / "outlines") if previous and named else None
    anchors: dict[str, list[str]] = {id: [] for id in ids}
    for id in named & anchors.keys():
        if id in prepared:
            raw = prepared[id].outline
        else:
            assert previous and outlines
            raw = outlines[previous.articles[id][0]]
        anchors[id] = [anchor for anchor, _ in json.loads(raw)["sections"]]
    return anchors


def _previous(
    folder: IndexFolder, shaped: dict[str, str], last: Future[Checked] | None
) -> tuple[Previous | None, str, Path | None]:
    """The last snapshot to build upon, or why there is none; and where its vectors are, which other things shape."""
    try:
        place, stamp = _checked(folder, last)
        if why := reason_of(stamp["shape"], shaped):
            return None, why, place
        return open_previous(place, stamp), "", place
    except IndexUnavailable as error:
        return None, "首次建立" if not folder.names() else str(error), None
    except Exception as error:  # intact but unreadable: rebuild
        return None, f"旧索引读不懂（{type(error).__name__}）", None


def _checked(folder: IndexFolder, last: Future[Checked] | None) -> Checked:
    with suppress(IndexUnavailable):
        if last and last.result()[0] == folder.live():
            return last.result()
    return folder.checked()  # another build was quicker to get the lock, or the snapshot is damaged


def _read(content: Path) -> tuple[list[File], list[Problem]]:
    """All articles as they lie there, and a fault for each file of asks that belongs to none."""
    files, asks = [], scan_asks(content)
    for relative, path in scan(content):
        raw = _bytes_of(relative, path)
        if raw is None:
            continue
        beside = asks_path(relative)
        own = _bytes_of(beside, asks[beside]) if beside in asks else None
        digest = hashlib.sha256(raw if own is None else raw + b"\0" + own)
        files.append(File(article_id(relative), relative, raw, own, digest.hexdigest()[:32]))
    return sorted(files, key=lambda file: file.id), list(lost_files(asks, (file.path for file in files)))


def _bytes_of(relative: str, path: Path) -> bytes | None:
    """A file's bytes; None where it was deleted since the scan."""
    try:
        with path.open("rb", buffering=0) as file:  # a buffer takes as long as the file
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ContentFaults((Problem(relative, 1, f"读不了这个文件：{_why(error)}", code="unreadable"),)) from error


def _why(error: OSError) -> str:
    return why(error) or error.strerror or f"没有写完整，多半是磁盘已满（{error}）"


@contextmanager
def _failures_told(index: Path) -> Iterator[None]:
    """Turn what the machine lacks into IndexUnavailable: what happened, where, and that readers notice nothing."""
    kept = "线上的索引没有动，处理后重新运行即可。"
    try:
        yield
    except OSError as error:
        raise IndexUnavailable(f"更新没有完成：{error.filename or index}：{_why(error)}。{kept}") from error
    except (MemoryError, BrokenExecutor) as error:
        raise IndexUnavailable(f"更新没有完成：内存不够，或进程被系统结束。{kept}") from error


def _pictures(content: Path) -> list[tuple[str, int, int]]:
    """The pictures in the content folder, with size and time of change; a new one makes a new snapshot."""
    found = []
    for folder, _, names in os.walk(content):
        for file in (Path(folder, name) for name in names if Path(name).suffix.lower() in IMAGE_TYPES):
            with suppress(FileNotFoundError):  # deleted meanwhile, or a link to nothing
                status = file.stat()
                found.append((str(file.relative_to(content)), status.st_size, status.st_mtime_ns))
    return sorted(found)


def _identity(shaped: dict[str, str], tuning: Tuning, files: list[File], topics: Any, pictures: Any) -> str:
    digest = hashlib.sha256(repr((sorted(shaped.items()), tuning, topics)).encode())
    digest.update(repr(pictures).encode("utf-8", "surrogateescape"))
    for file in files:
        digest.update(f"{file.id}\0{file.digest}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


def _verify(snapshot: LocalSnapshot) -> None:
    """Ask the new snapshot, opened as a server would, for what it must have; one that fails never goes live."""
    searchable = (card.title for card in snapshot.cards() if any(map(str.isalnum, card.title)))
    title = next(searchable, None)
    # In quotes: else other regions' words would be looked up, and OpenCC takes 0.1 s to load and free.
    if title and not snapshot.search(f'"{title}"').total:
        raise IndexUnavailable(f"新索引自检失败：用标题「{title}」搜不到文章。线上索引没有动。请报告这个错误。")
