"""The text that the tokenizer and the language model learn from: the King James Bible of 1611 (public domain).

Needs the Debian packages bible-kjv (the `bible` program) and bible-kjv-text (its data). Nothing is downloaded.

A document is one chapter: its verses joined by newlines. Every 20th chapter of the canon (index % 20 == 19) is
held out: neither the tokenizer nor the model sees it before the evaluation.
"""
import re
import subprocess

HELD_OUT_EVERY = 20
FIRST_AND_LAST_VERSE = "Genesis1:1-Revelation22:21"
VERSES = 31102
CHAPTERS = 1189

# What a tokenizer piece may span: a word with at most one space before it, or one other character likewise.
# Both kinds of boundary can be seen from two neighbouring characters, so joining pieces over a whole text
# can never give a piece that joining inside the units would not give.
UNIT = re.compile(r" ?[A-Za-z']+| ?[^A-Za-z' \n]|\n| ")


def chapters():
    """Returns the 1189 chapters in order, each as a list of verses."""
    # -f: one verse a line with its short reference in front; -l: lines long enough for the longest verse.
    lines = subprocess.run(["bible", "-f", "-l2000", FIRST_AND_LAST_VERSE], check=True, capture_output=True,
                           text=True, stdin=subprocess.DEVNULL).stdout.splitlines()
    result, current = [], None
    for line in lines:
        reference, verse = line.split(" ", 1)
        chapter = reference.split(":")[0]
        if chapter != current:
            result.append([])
            current = chapter
        result[-1].append(verse.strip())
    assert sum(map(len, result)) == VERSES and len(result) == CHAPTERS, "another text than the one this was written for"
    return result


def split(all_chapters):
    """Returns (training chapters, held-out chapters)."""
    held_out = [c for i, c in enumerate(all_chapters) if i % HELD_OUT_EVERY == HELD_OUT_EVERY - 1]
    training = [c for i, c in enumerate(all_chapters) if i % HELD_OUT_EVERY != HELD_OUT_EVERY - 1]
    return training, held_out


def words(text):
    """The words of a text, lower case; an apostrophe belongs to a word only inside it."""
    return re.findall(r"[a-z]+(?:'[a-z]+)*", text.lower())
