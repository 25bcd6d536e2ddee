"""The encoder: one text becomes one vector, by a model such as bge-small-zh.

In: a folder with `model.onnx` and `tokenizer.json`, texts. Out: unit vectors. The vector of the first token (CLS), of
128 tokens at most, without the model's query instruction, which loses .018 nDCG of customers' paraphrases.
Why one text at a time and not batches: an 8-bit model scales what it computes by the largest value of the batch, so the
same text would get another vector beside other texts; on one core a batch is no quicker either.
Why loaded on first use: 0.1 s and 76 MB that a process without a question need not spend. Why one thread a session: it
then starts none of its own, so a server can load it before it forks, and its workers share those 76 MB.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from index.arrays import F32
from index.meaning.models import MODEL, TOKENIZER, digest, model_folder
from index.model import ModelUnavailable

log = logging.getLogger(__name__)

TOKENS = 128
"""Of a text, from its beginning; more is slower and no better."""
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_TOGETHER = 16  # texts a thread encodes between two words of progress


class Encoder:
    """A model, loaded on first use; shared by all threads. Raises ModelUnavailable where it cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.digest = digest(folder)
        """What changes with any byte of the model."""
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any, tuple[str, ...]] | None = None

    def encode(self, text: str) -> F32:
        """The unit vector of `text`; 2 ms for a query, 10 for 128 tokens."""
        tokenizer, session, names = self._load()
        try:
            ids = np.array([tokenizer.encode(text).ids], np.int64)
            given = dict(zip(_INPUTS, (ids, np.ones_like(ids), np.zeros_like(ids)), strict=True))
            states = session.run(None, {name: given[name] for name in names})[0]
        except Exception as error:  # a tokenizer of another model, for instance
            raise ModelUnavailable(f"{self.folder} 里的模型读不了文字：{_first_line(error)}。{_WAY_OUT}") from None
        vector = np.asarray(states[0, 0], np.float32)
        return (vector / (float(np.linalg.norm(vector)) or 1.0)).astype(np.float32, copy=False)

    def encode_all(self, texts: Sequence[str], tell: Callable[[int, int], None]) -> F32:
        """The vectors of `texts`, a row each, on every core; `tell`: how many are done, of how many."""
        self._load()
        blocks = [texts[at : at + _TOGETHER] for at in range(0, len(texts), _TOGETHER)]
        found: list[F32] = []
        with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
            for block in pool.map(lambda some: [self.encode(text) for text in some], blocks):
                found.extend(block)
                tell(len(found), len(texts))
        return np.stack(found) if found else np.zeros((0, len(self.encode(""))), np.float32)

    def _load(self) -> tuple[Any, Any, tuple[str, ...]]:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._open()
            return self._loaded

    def _open(self) -> tuple[Any, Any, tuple[str, ...]]:
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ModelUnavailable(
                f"用模型需要 {error.name}：请运行 pip install 'helpcenter[meaning]'，或把 HELPCENTER_MEANING 留空。"
            ) from None
        try:
            tokenizer = Tokenizer.from_file(str(self.folder / TOKENIZER))
            tokenizer.no_padding()
            tokenizer.enable_truncation(TOKENS)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1  # see above; texts run beside each other
            options.log_severity_level = 3
            session = onnxruntime.InferenceSession(
                str(self.folder / MODEL), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # whatever a damaged file makes either library raise
            raise ModelUnavailable(f"{self.folder} 里的模型打不开：{_first_line(error)}。{_WAY_OUT}") from None
        names = tuple(one.name for one in session.get_inputs())
        shapes = [one.shape for one in session.get_outputs()[:1]]
        if not set(names) <= set(_INPUTS) or [len(shape) for shape in shapes] != [3]:
            raise ModelUnavailable(
                f"{self.folder} 里的模型不合用：它要 {'、'.join(names)}，"
                f"应当只要 {'、'.join(_INPUTS)}，给出每个字的向量。{_WAY_OUT}"
            )
        return tokenizer, session, names


def find_encoder(setting: str) -> Encoder | None:
    """The model that `setting` names, for asking; None where it names none or, which the log says, it is not there."""
    try:
        return Encoder(model_folder(setting)) if setting else None
    except ModelUnavailable as error:
        log.error("%s搜索照常，只是不用模型。", error)
        return None


def try_model(folder: Path) -> int:
    """How many numbers the model in `folder` makes of a text. Raises ModelUnavailable."""
    return len(Encoder(model_folder(str(folder))).encode("手机丢了怎么办"))


_WAY_OUT = "请用 helpcenter model fetch 或 helpcenter model install 重新安装，或把 HELPCENTER_MEANING 留空。"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
