"""The index package: content in, ranked sections out. The web application imports these names and no others.

In: a folder of Markdown. Out: `build` makes an immutable snapshot, `Library` opens the live one and answers.
Why a seam: `helpcenter` never sees Whoosh or jieba, so another engine can stand beside them behind these names.
"""

from index.model import (
    FACETS,
    LAYERS,
    Article,
    ArticleCard,
    ArticlePage,
    BuildReport,
    ContentFaults,
    FacetCount,
    Hit,
    IndexUnavailable,
    Problem,
    Results,
    Section,
    Topic,
)

__all__ = [
    "FACETS",
    "LAYERS",
    "Article",
    "ArticleCard",
    "ArticlePage",
    "BuildReport",
    "ContentFaults",
    "FacetCount",
    "Hit",
    "IndexUnavailable",
    "Problem",
    "Results",
    "Section",
    "Topic",
]
