"""How well a section is found by asks that the index does not have: `python tests/bench/withheld.py [MODEL]`.

In: `content/`, the folder of a model. Out: the measures of `helpcenter evaluate` by words, by words and the tables, and
with the model. Why: the asks are thousands of paraphrases of known sections; left out of the index they are a larger
set than any that was judged. They were written for this content all the same, so they do not replace the judged sets.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from pathlib import Path

from index import LAYERS, MEASURES, build, evaluate, open_library, read_articles

ROOT = Path(__file__).parent.parent.parent
ASKS = 900


def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else "instance/model"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        content, index = place / "content", place / "index"
        shutil.copytree(ROOT / "content", content)
        articles, _ = read_articles(content)
        asks = [(ask, article.id) for article in articles for section in article.sections for ask in section.asks]
        chosen = random.Random(5).sample(asks, min(ASKS, len(asks)))
        for file in content.rglob("*.asks.yml"):
            file.unlink()
        build(content, index, meaning=model)
        queries, qrels = place / "queries.tsv", place / "qrels.tsv"
        queries.write_text("".join(f"{number}\t{ask}\n" for number, (ask, _) in enumerate(chosen)), "utf-8")
        qrels.write_text("".join(f"{number}\t{article}\t1\n" for number, (_, article) in enumerate(chosen)), "utf-8")
        words = [layer.name for layer in LAYERS if layer.name != "meaning"]
        print(" " * 12, *(f"{name:>12}" for name in MEASURES))
        for name, setting, layers in (("words", "", words), ("+ tables", "", None), ("+ model", model, None)):
            found = evaluate(open_library(index, meaning=setting).snapshot(), queries, qrels, layers=layers).measures
            print(f"{name:12}", *(f"{found[measure]:12.4f}" for measure in MEASURES), flush=True)


if __name__ == "__main__":
    main()
