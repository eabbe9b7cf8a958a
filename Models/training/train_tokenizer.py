"""Makes language/kjv.tokenizer.json: a BPE vocabulary of 2048 pieces from the training chapters.

    /usr/bin/python3 train_tokenizer.py [--pieces 2048] [--output ../language/kjv.tokenizer.json]

Needs the Debian packages bible-kjv and bible-kjv-text. Deterministic: the same text gives the same file.

Training joins by text, not by pair: whenever a new piece is chosen, every word that contains it is segmented anew by
the encoder's own rules. So the segmentation while learning is the one the encoder gives afterwards.
"""
import argparse
import json
import os
from collections import Counter, defaultdict

import corpus
from tokenizer import BYTE_OFFSET, Tokenizer

ABOUT = ("{count} pieces learned from the King James Bible (byte-pair encoding with byte fallback). pieces[id] is the "
         "text of a token, with spaces as spaces; scores[id] is its merge priority (higher merges first).")
ENCODE = ("start with id 1 (<s>); for a non-empty text add the id of the piece ' ' (a leading space); then the id of "
          "each Unicode character, or, if it has no piece, id 3 + byte for each UTF-8 byte; then repeatedly join the "
          "leftmost adjacent pair whose joined text is the piece with the highest score, until no pair joins to a piece")
DECODE = ("ids 3..258 are the raw bytes 0..255; other ids give their piece; the first token after <s> loses one leading "
          "space")


def special_pieces():
    return ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]


class Learner:
    """Keeps every distinct unit of the corpus segmented by the pieces found so far."""

    def __init__(self, unit_counts, characters):
        self.counts = unit_counts
        # While learning, a piece is its text; the tokens of a unit are texts, too.
        self.rank = {}
        self.segments = {unit: [c if c in characters else None for c in unit] for unit in unit_counts}
        self.pairs, self.where = Counter(), defaultdict(set)
        for unit in unit_counts:
            self._account(unit, +1)

    def _joins(self, unit):
        tokens = self.segments[unit]
        return [a + b for a, b in zip(tokens, tokens[1:]) if a is not None and b is not None]

    def _account(self, unit, sign):
        for text in self._joins(unit):
            self.pairs[text] += sign * self.counts[unit]
            if sign > 0:
                self.where[text].add(unit)

    def learn(self):
        """Chooses the most frequent joined text (ties: the first in code-point order) and joins it everywhere."""
        best = min(((-count, text) for text, count in self.pairs.items() if count > 0 and text not in self.rank))[1]
        self.rank[best] = len(self.rank)
        for unit in sorted(self.where.pop(best)):
            if best in self._joins(unit):
                self._account(unit, -1)
                self._join(unit)
                self._account(unit, +1)
        return best

    def _join(self, unit):
        tokens = self.segments[unit]
        while True:
            candidates = [(self.rank[a + b], i) for i, (a, b) in enumerate(zip(tokens, tokens[1:]))
                          if a is not None and b is not None and a + b in self.rank]
            if not candidates:
                return
            _, i = min(candidates)
            tokens[i:i + 2] = [tokens[i] + tokens[i + 1]]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pieces", type=int, default=2048)
    parser.add_argument("--output", default=os.path.join(here, "..", "language", "kjv.tokenizer.json"))
    options = parser.parse_args()

    training, held_out = corpus.split(corpus.chapters())
    texts = ["\n".join(chapter) for chapter in training]
    character_counts = Counter(c for text in texts for c in text if c != "\n")   # a newline stays the byte 0x0A
    characters = [c for c, _ in sorted(character_counts.items(), key=lambda item: (-item[1], item[0]))]
    units = Counter(unit for text in texts for unit in corpus.UNIT.findall(" " + text))

    learner = Learner(units, set(characters))
    merges = options.pieces - len(special_pieces()) - len(characters)
    learned = [learner.learn() for _ in range(merges)]

    pieces = special_pieces() + learned + characters
    scores = ([0.0] * (BYTE_OFFSET + 256) + [-float(i) for i in range(len(learned))]
              + [-float(len(learned) + i) for i in range(len(characters))])
    os.makedirs(os.path.dirname(os.path.abspath(options.output)), exist_ok=True)
    with open(options.output, "w", encoding="utf-8", newline="\n") as file:
        json.dump({"about": ABOUT.format(count=len(pieces)), "encode": ENCODE, "decode": DECODE, "unk": 0, "bos": 1,
                   "eos": 2, "byte_offset": BYTE_OFFSET, "pieces": pieces, "scores": scores}, file, indent=0,
                  ensure_ascii=False)
        file.write("\n")

    # The encoder must give what was learned, and unit by unit must be the same as the stated rule over a whole text.
    made = Tokenizer.load(options.output)
    for unit, segment in learner.segments.items():
        if None not in segment:
            assert [made.pieces[t] for t in made.segment(unit)] == segment, unit
    for chapter in held_out + training[::20]:
        text = "\n".join(chapter)
        tokens = made.encode(text)
        assert tokens == made.encode_whole(text)
        assert made.decode(tokens) == text
    for name, chapters in (("training", training), ("held out", held_out)):
        joined = ["\n".join(chapter) for chapter in chapters]
        count = sum(len(made.encode(text)) for text in joined)
        print(f"{name}: {len(chapters)} chapters, {sum(map(len, joined))} characters, {count} tokens, "
              f"{sum(map(len, joined)) / count:.2f} characters a token")


if __name__ == "__main__":
    main()
