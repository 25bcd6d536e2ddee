"""Phone numbers that cannot be dialled.

In: a number as written, or a `tel:` address. Out: why it is wrong, or nothing. Why only international ones are checked
against their country's plan: a number without its country may be right in any of them, and hotlines are short.
"""

from __future__ import annotations

import re


def wrong_number(text: str) -> str | None:
    """Why `text` (with or without `tel:`) is no number, in Chinese; None where it may be one."""
    number = text.strip().removeprefix("tel:").partition(";")[0]
    digits = re.sub(r"\D", "", number)
    if not 2 <= len(digits) <= 15 or re.search(r"[^\d\s()+./-]", number):
        return "不像电话号码：只写数字，国际号码写成 +国家号 号码"
    if not number.startswith("+"):
        return None
    import phonenumbers  # 30 ms that most checks need not take

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return "国家号不存在：写成 +国家号 号码，例如 +86 10 6505 2266"
    # Only the length: hotlines abroad, +86 10010, are in no plan.
    return None if phonenumbers.is_possible_number(parsed) else "位数不对：对照官网再抄一遍"
