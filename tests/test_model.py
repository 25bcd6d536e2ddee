"""The model of meanings: how it gets here, and what the real one finds.

In: jars, wheels and folders that hold a model or do not; a model hub on this machine; bge-small-zh-v1.5 where
`.ci/need model` brought it. Out: a folder that works, or one clear message and nothing changed.
"""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from helpcenter.commands.models import model as command
from index import Library, ModelUnavailable, Snapshot, build, install_model, judge, read_judgements
from index.meaning import fetching, models
from index.meaning.encoder import Encoder, try_model

NO_ANSWER = b"what is no HTTP\n"
NAMES = ("model.onnx", "tokenizer.json")


def packed(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, f"bytes of {name}")
    return path


@pytest.mark.parametrize("ending", ["jar", "whl", "folder"])
def test_a_model_is_taken_out_of_what_holds_one(tmp_path: Path, ending: str) -> None:
    held = ("deep/bge-q.onnx", "bge-q-tokenizer.json", "META-INF/MANIFEST.MF")
    source = packed(tmp_path / f"model.{ending}", *held)
    if ending == "folder":
        with zipfile.ZipFile(source) as archive:
            archive.extractall(source := tmp_path / "unpacked")
    install_model(source, tmp_path / "new" / "model")
    found = {path.name: path.read_text() for path in (tmp_path / "new" / "model").iterdir()}
    assert found == {"model.onnx": "bytes of deep/bge-q.onnx", "tokenizer.json": "bytes of bge-q-tokenizer.json"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("held", "told"),
    [(("a.onnx",), "没有 *tokenizer.json"), (("a.onnx", "b.onnx", "tokenizer.json"), "有 2 个 *.onnx"), ((), "没有")],
)
def test_what_holds_no_model_is_refused_and_changes_nothing(tmp_path: Path, held: tuple[str, ...], told: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.onnx").write_text("old")
    with pytest.raises(ModelUnavailable) as refused:
        install_model(packed(tmp_path / "a.jar", *held), tmp_path / "model")
    assert told in str(refused.value)
    (tmp_path / "text.jar").write_text("no zip")
    with pytest.raises(ModelUnavailable, match="jar、wheel"):
        install_model(tmp_path / "text.jar", tmp_path / "model")
    assert [(path.name, path.read_text()) for path in (tmp_path / "model").iterdir()] == [("model.onnx", "old")]


def test_a_damaged_model_is_one_clear_message(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text("{}")
    with pytest.raises(ModelUnavailable, match=r"打不开.*helpcenter model install"):
        try_model(tmp_path)


def test_package_means_an_installed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnavailable, match="没有安装 helpcenter_meaning_model"):
        models.model_folder("package")
    package = tmp_path / models.PACKAGE
    package.mkdir()
    for name in (*NAMES, "__init__.py"):
        (package / name).touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert models.model_folder("package") == package


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A model hub: what it has by path. The address of it is the setting."""
    held: dict[str, bytes] = {}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            raw = held.get(self.path)
            if raw == NO_ANSWER:
                self.wfile.write(raw)
                return
            self.send_response(404 if raw is None else 200)
            self.end_headers()
            self.wfile.write(raw or b"")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    files = {}
    for name, (path, _, _) in fetching.FILES.items():
        raw = f"bytes of {name}".encode() * 1000
        held[f"/{fetching.REPOSITORY}/resolve/{fetching.REVISION}/{path}"] = raw
        files[name] = (path, hashlib.sha256(raw).hexdigest(), len(raw))
    monkeypatch.setattr(fetching, "FILES", files)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HELPCENTER_MODEL_HUB", f"http://127.0.0.1:{server.server_port}/")
        yield held
        server.shutdown()


def test_fetch_gets_the_pinned_files(hub: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.meaning.encoder.try_model", lambda folder: 512)
    done = CliRunner().invoke(command, ["fetch", "--to", str(tmp_path / "model")])
    assert done.exit_code == 0, done.output
    assert f"设置 HELPCENTER_MEANING={tmp_path / 'model'}" in done.output
    assert [(tmp_path / "model" / name).read_bytes() for name in NAMES] == list(hub.values())


@pytest.mark.parametrize("spoilt", ["changed", "longer", "shorter", "missing", "garbled"])
def test_fetch_takes_no_other_file(hub: dict[str, bytes], tmp_path: Path, spoilt: str) -> None:
    last = list(hub)[-1]
    raw = hub.pop(last)
    if spoilt != "missing":
        hub[last] = {"changed": raw[:-1] + b"!", "longer": raw * 2, "shorter": raw[:-1], "garbled": NO_ANSWER}[spoilt]
    done = CliRunner().invoke(command, ["fetch", "--to", str(tmp_path / "model")])
    assert isinstance(done.exception, ModelUnavailable)
    assert "HELPCENTER_MODEL_HUB" in str(done.exception)
    assert not (tmp_path / "model").exists()


# The real one


@pytest.fixture(scope="module")
def real(root: Path) -> Encoder:
    folder = root / "instance" / "model"
    if not (folder / "model.onnx").exists():
        pytest.skip("没有模型：.ci/need model，或 helpcenter model fetch")
    pytest.importorskip("onnxruntime")
    return Encoder(folder)


@pytest.fixture(scope="module")
def with_meaning(real: Encoder, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("meaning") / "index"
    build(root / "content", folder, meaning=str(real.folder))
    return folder


def test_what_is_near_in_meaning_is_near(real: Encoder) -> None:
    first, same, other = map(real.encode, ("手机丢了怎么办", "电话不见了该做什么", "怎样选择便宜的套餐"))
    assert first.shape == (512,) and abs(float(np.linalg.norm(first)) - 1) < 1e-5
    assert float(first @ same) > float(first @ other) + 0.1
    long = "在法国把手机丢了，" * 40
    assert np.array_equal(real.encode(long), real.encode(long + "别的话"))
    together = real.encode_all(["手机丢了怎么办", long], lambda done, total: None)
    assert np.array_equal(together[0], first), "the company of other texts changes nothing"


def test_the_pinned_model_is_the_one_that_was_measured(real: Encoder) -> None:
    for name, (_, checksum, size) in fetching.FILES.items():
        raw = (real.folder / name).read_bytes()
        assert (hashlib.sha256(raw).hexdigest(), len(raw)) == (checksum, size)


def test_a_tokenizer_of_another_model_is_one_clear_message(real: Encoder, tmp_path: Path) -> None:
    vocabulary = {"[UNK]": 0, "手": 999_999}
    (tmp_path / "tokenizer.json").write_text(
        json.dumps({"model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"}})
    )
    (tmp_path / "model.onnx").symlink_to(real.folder / "model.onnx")
    with pytest.raises(ModelUnavailable, match="读不了文字"):
        Encoder(tmp_path).encode("手")


@pytest.mark.slow
@pytest.mark.parametrize("by_model", [True, False], ids=["model", "bag"])
def test_symptoms_are_found_better(
    real: Encoder, with_meaning: Path, site_index: Path, root: Path, by_model: bool
) -> None:
    judged = read_judgements(root / "tests" / "judgements" / "a.tsv")

    def figures(snapshot: Snapshot) -> dict[str, dict[str, float]]:
        return judge(snapshot, judged)

    words = figures(Library(site_index).snapshot())
    both = figures(Library(with_meaning, encoder=real if by_model else None).snapshot())
    assert both["symptom"]["nDCG@10"] > words["symptom"]["nDCG@10"] + 0.006
    assert both["all"]["nDCG@10"] > words["all"]["nDCG@10"] + 0.005
    assert both["short"]["nDCG@10"] >= words["short"]["nDCG@10"] - 0.002


@pytest.mark.slow
@pytest.mark.parametrize("name", ["own", "b", "c"])
def test_no_set_loses(real: Encoder, with_meaning: Path, site_index: Path, root: Path, name: str) -> None:
    judged = read_judgements(root / "tests" / "judgements" / f"{name}.tsv")
    words = judge(Library(site_index).snapshot(), judged)["all"]["nDCG@10"]
    for model in (real, None):
        assert judge(Library(with_meaning, encoder=model).snapshot(), judged)["all"]["nDCG@10"] > words - 0.003
