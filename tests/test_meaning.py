"""Meaning: what says the same in other words is found, true words keep their place, and off means off.

In: small articles, a toy model. Out: what a reader, an operator and the log are told.
The real model: test_model.py.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from support import write_files

import index.building.build as building
from index import Library, ModelUnavailable, build, open_library
from index.arrays import F32
from index.meaning.bags import fit, keys_of
from index.store.snapshots import IndexFolder
from index.text.segmenting import segmenter_for

ARTICLES = {
    "lost": "# 挂失\n\n## 遗失之后 {#after}\n\n手机遗失，先报案。" + "在护照旁边写下号码。" * 12
    + "机子丢了，马上锁定账号。\n\n## 保险 {#insurance}\n\n保险单放在家里的抽屉里面。\n",
    "pay": "# 缴费\n\n## 网上办理 {#online}\n\n在网站上充值，话费马上到账。\n\n"
    "## 门店 {#shop}\n\n门店的营业时间写在门上。\n",
    "code": "# 激活\n\n## 打开相机 {#camera}\n\n打开相机，扫二维码。\n\n## 手动 {#manual}\n\n输入地址和号码。\n",
}  # fmt: skip
QUERY = "我的机子没影了要如何是好"
"""Shares 机子 and single characters with some sections; what answers says 丢."""


THOUGHTS = (("丢", "不见", "找不到", "没影"), ("充值", "话费", "交钱", "欠了"), ("二维码", "图案", "扫"))
SIZE = 256


class ToyModel:
    """Stands for `Encoder`: knows which words mean which, and counts what it was asked.

    What is guarded, kept and told does not depend on what a model knows.
    """

    def __init__(self, digest: str = "toy") -> None:
        self.digest = digest
        self.asked: list[str] = []

    def encode(self, text: str) -> F32:
        """The thought that `text` is of, and a little of its own."""
        self.asked.append(text)
        seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "little")
        vector = np.random.default_rng(seed).normal(0, 0.02, SIZE)
        for number, words in enumerate(THOUGHTS):
            vector[number] += sum(word in text for word in words)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    def encode_all(self, texts: Sequence[str], tell: Callable[[int, int], None]) -> F32:
        """A row a text."""
        tell(len(texts), len(texts))
        return np.stack([self.encode(text) for text in texts]) if texts else np.zeros((0, SIZE), np.float32)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    files = {f"{name}.md": text for name, text in ARTICLES.items()}
    for number in range(8):  # what is near shows only among what is not
        files[f"other{number}.md"] = f"# 其他{number}\n\n要在第{number}天打开窗户，如何是好。\n"
    return write_files(tmp_path / "content", files | {"pay.asks.yml": "online: [没钱了打不出去要交钱]\n"})


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> ToyModel:
    """What `meaning="toy"` builds with."""
    toy = ToyModel()
    monkeypatch.setattr(building, "_model", lambda setting: toy)
    return toy


def opened(index: Path, model: ToyModel | None = None) -> Library:
    return Library(index, encoder=model)  # type: ignore[arg-type]


def places(index: Path, query: str, model: ToyModel | None = None) -> list[tuple[str, str]]:
    return [(f"{hit.article}#{hit.section}", hit.matched) for hit in opened(index, model).snapshot().search(query).hits]


@pytest.mark.parametrize("by_model", [True, False], ids=["model", "bag"])
def test_what_says_the_same_is_found_and_told(content: Path, model: ToyModel, tmp_path: Path, by_model: bool) -> None:
    query = "欠了怎么是好呢" if by_model else "没钱怎么是好呢"
    build(content, tmp_path / "plain")
    build(content, tmp_path / "index", meaning="toy")
    snapshot = opened(tmp_path / "index", model if by_model else None).snapshot()
    found = {f"{hit.article}#{hit.section}": hit.matched for hit in snapshot.search(query, limit=20).hits}
    assert found["pay#online"] == ("meaning" if by_model else "substring")
    assert by_model == ("pay#online" not in dict(places(tmp_path / "plain", query)))
    assert "pay" in [hit.best.article for hit in snapshot.search_articles(query, limit=20).articles]
    assert by_model == ("pay" not in dict(snapshot.rank_articles(query, 50, ["words", "substring"])))
    told = snapshot.explain(query, "pay", "online")
    assert "意思：余弦" in told and ("（模型）" if by_model else "（词袋表）") in told
    assert not by_model or "最近的是正文里的「在网站上充值，话费马上到账。」" in told
    told = snapshot.explain("没钱了打不出去要交钱", "pay", "online")
    assert "余弦 1.00，最近的是相似问「没钱了打不出去要交钱」" in told
    assert "没有参与" in snapshot.explain("号码", "pay", "online")


def test_where_no_word_is_found_meaning_alone_offers_a_few(content: Path, model: ToyModel, tmp_path: Path) -> None:
    build(content, tmp_path / "index", meaning="toy")
    live, tables = opened(tmp_path / "index", model).snapshot(), opened(tmp_path / "index").snapshot()
    found = live.search("咩嘢图案啊")
    assert [hit.matched for hit in found.hits] == ["meaning"] * 5
    assert found.hits[0].section == "camera" and not found.answered
    assert live.search("咩嘢嚟㗎哋").total == 0, "near to nothing"
    assert live.search("qwerty uiop").total == 0
    assert tables.search("咩嘢图案啊").total == 0, "cosines of tables tell nothing"


def test_a_passage_shows_the_sentence_that_is_near(content: Path, model: ToyModel, tmp_path: Path) -> None:
    (content / "lost.md").write_text(ARTICLES["lost"].replace("机子丢了", "机器丢失"), "utf-8")
    build(content, tmp_path / "index", meaning="toy")
    hits = opened(tmp_path / "index", model).snapshot().search("东西不见啦要如何是好", limit=50).hits
    (hit,) = [hit for hit in hits if hit.section == "after"]
    assert hit.matched == "meaning"
    assert "机器丢失" in hit.snippet and "<mark>" not in hit.snippet


def test_true_words_keep_their_place(content: Path, model: ToyModel, tmp_path: Path) -> None:
    build(content, tmp_path / "plain")
    build(content, tmp_path / "index", meaning="toy")
    live = opened(tmp_path / "index", model).snapshot()
    for query in ("打开窗户，如何是好", "号码", "二维码", '"马上"', "保险单放在家里", "esim", "", "？"):
        model.asked.clear()
        hits = [(f"{hit.article}#{hit.section}", hit.matched) for hit in live.search(query).hits]
        assert hits == places(tmp_path / "plain", query), query
        assert model.asked == [], query


def test_a_server_loads_the_model_before_it_forks(content: Path, model: ToyModel, tmp_path: Path) -> None:
    build(content, tmp_path / "index", meaning="toy")
    snapshot = opened(tmp_path / "index", model).snapshot()
    model.asked.clear()
    snapshot.load()
    assert len(model.asked) == 1


def test_filters_hold_for_meaning_too(content: Path, model: ToyModel, tmp_path: Path) -> None:
    (content / "lost.md").write_text("---\nregion: 法国\n---\n" + ARTICLES["lost"], "utf-8")
    build(content, tmp_path / "index", meaning="toy")
    snapshot = opened(tmp_path / "index", model).snapshot()
    found = snapshot.search("要在护照旁边还是抽屉里交钱", {"region": ["法国"]}, limit=50)
    assert found.hits and {hit.article for hit in found.hits} == {"lost"}
    assert snapshot.search("要在护照旁边还是抽屉里交钱", {"region": ["火星"]}).total == 0


def test_only_what_changed_is_encoded(content: Path, model: ToyModel, tmp_path: Path) -> None:
    index = tmp_path / "index"
    build(content, index, meaning="toy")
    before = places(index, QUERY)
    model.asked.clear()
    assert not build(content, index, meaning="toy").changed and model.asked == []
    (content / "code.md").write_text(ARTICLES["code"].replace("输入地址", "请输入地址"), "utf-8")
    assert build(content, index, meaning="toy").changed == 1
    assert model.asked == ["请输入地址和号码。"]
    (content / "code.md").rename(content / "zcode.md")
    model.asked.clear()
    report = build(content, index, meaning="toy", drafts=True)
    assert report.reason == "草稿设置有变化" and model.asked == []
    assert places(index, QUERY) == before
    build(content, index, meaning="toy", drafts=True, full=True)
    assert len(model.asked) > 20


def test_another_model_encodes_anew_and_says_so(
    content: Path, model: ToyModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index = tmp_path / "index"
    build(content, index, meaning="toy")
    kept = sorted(path.name for path in IndexFolder(index).live().glob("meaning.*"))
    assert "meaning.vectors.npy" in kept
    model.asked.clear()
    model.digest = "other"
    report = build(content, index, meaning="toy")
    assert report.reason == "意思模型有变化" and len(model.asked) > 20
    model.asked.clear()
    with caplog.at_level(logging.WARNING):
        assert places(index, QUERY, ToyModel("third"))
    assert "不是建索引时用的那个" in caplog.text
    report = build(content, index)
    assert report.reason == "意思模型有变化"
    assert not list(IndexFolder(index).live().glob("meaning.*"))


def test_a_missing_model_stops_a_build_and_no_reader(
    content: Path, model: ToyModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index = tmp_path / "index"
    build(content, index, meaning="toy")
    live = (index / "current").read_text()
    nowhere = str(tmp_path / "nowhere")
    assert open_library(index, meaning=nowhere).snapshot().search(QUERY).total
    assert f"{nowhere} 里没有 model.onnx、tokenizer.json" in caplog.text

    class Broken(ToyModel):
        def encode(self, text: str) -> np.ndarray:
            raise ModelUnavailable("模型打不开。")

    assert places(index, QUERY, Broken()) == places(index, QUERY)
    assert "模型打不开。" in caplog.text
    (content / "code.md").write_text("# 新\n\n新的一段。\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "_model", lambda setting: Broken())
        with pytest.raises(ModelUnavailable, match="打不开"):
            build(content, index, meaning="toy")
    assert (index / "current").read_text() == live


def test_who_types_is_answered_without_the_model(content: Path, model: ToyModel, tmp_path: Path) -> None:
    from helpcenter import create_app
    from helpcenter.settings import Settings

    build(content, tmp_path / "index", meaning="toy")
    settings = Settings(index=tmp_path / "index", meaning="toy", database_url=f"sqlite:///{tmp_path}/h.db")
    client = create_app(settings, library=opened(tmp_path / "index", model)).test_client()
    assert client.get("/").status_code == 200
    model.asked.clear()
    fragment = {"HX-Request": "true"}
    assert client.get(f"/search?q={QUERY}", headers={**fragment, "HX-Typing": "true"}).status_code == 200
    assert model.asked == []
    answer = client.get(f"/search?q={QUERY}", headers=fragment)
    assert model.asked == [QUERY] and "HX-Typing" in answer.headers["Vary"]
    client.get(f"/search?q={QUERY}")
    client.get(f"/api/v1/search?q={QUERY}")
    assert model.asked == [QUERY], "once for all kinds of answer"


def test_a_bag_says_what_its_words_said() -> None:
    cut = segmenter_for(()).cut
    texts = ["手机丢了", "手机找到了", "话费充值", "充值到账"] * 4
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 1]] * 4, np.float32)
    bag = fit([keys_of(text, cut) for text in texts], vectors)
    for text, at in (("我的手机", 0), ("充值多少", 1)):
        vector = bag.vector(keys_of(text, cut))
        assert vector is not None and vector[at] > 0.9
    assert bag.vector(keys_of("xyz", cut)) is None
    assert bag.vector([]) is None
    assert fit([[]], vectors[:1]).vector([1]) is None


def test_what_a_model_says_is_near_counts_as_an_answer(content: Path, tmp_path: Path, model: ToyModel) -> None:
    build(content, tmp_path / "index", meaning="toy")
    near, far = "旧款机子突然没影了", "旧沙发出租"
    assert opened(tmp_path / "index", model).snapshot().search(near).answered
    assert not opened(tmp_path / "index").snapshot().search(near).answered, "words alone cannot tell"
    assert not opened(tmp_path / "index", model).snapshot().search(far).answered
